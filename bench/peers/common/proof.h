/* SPDX-License-Identifier: BSD-2-Clause */
/* How a peer proves that its benchmark runs what it says: by the file the code was loaded from. */
#ifndef BENCH_PEERS_COMMON_PROOF_H
#define BENCH_PEERS_COMMON_PROOF_H

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

/* The file that `code` was loaded from. */
inline std::string file_of(const void *code)
{
    Dl_info info;
    return code != nullptr && dladdr(code, &info) != 0 ? info.dli_fname : "nowhere";
}

/* The file that calls of `function` reach through the dynamic linker. */
inline std::string file_called(const char *function)
{
    return file_of(dlsym(RTLD_DEFAULT, function));
}

/* The program's own file, where the code of a static library is. */
inline std::string file_of_program()
{
    return file_of(reinterpret_cast<const void *>(&file_of_program));
}

/* Returns what runs, for the record; ends the program when the code comes from another file. */
inline std::string proof(const std::string &what, const std::string &file, const std::string &expected)
{
    if (file.find(expected) == std::string::npos) {
        std::fprintf(stderr, "%s: its code comes from %s, not from %s\n", what.c_str(), file.c_str(),
                     expected.c_str());
        std::exit(1);
    }
    return what + " from " + file;
}

#endif
