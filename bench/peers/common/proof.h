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

/* Ends the program: the peer does not do what its name says. */
[[noreturn]] inline void proof_fails(const std::string &what, const std::string &why)
{
    std::fprintf(stderr, "%s: %s\n", what.c_str(), why.c_str());
    std::exit(1);
}

/* Returns what runs, for the record; ends the program when the code comes from another file. */
inline std::string proof(const std::string &what, const std::string &file, const std::string &expected)
{
    if (file.find(expected) == std::string::npos)
        proof_fails(what, "its code comes from " + file + ", not from " + expected);
    return what + " from " + file;
}

/* For lists of idle objects: the object put last is the one got next, and the one before it after that. */
template <class Get, class Put> inline std::string proof_of_reuse(const std::string &what, Get get, Put put)
{
    void *a = get(), *b = get();
    put(a);
    put(b);
    void *first = get(), *second = get();
    if (first != b || second != a)
        proof_fails(what, "what is put is not what is got next");
    put(second);
    put(first);
    return what + ", reuse seen";
}

#endif
