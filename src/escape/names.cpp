// SPDX-License-Identifier: BSD-2-Clause
#include "names.h"
#include <cstdlib>

using namespace llvm;

namespace escape
{

namespace
{

// Sorted by what they do. Not here, since they keep what they are given: strtok, setvbuf, putenv, openlog,
// pthread_setspecific, epoll_ctl, fmemopen, open_memstream, getopt; nor ioctl and fcntl, of which nobody knows.
const Known library[] = {
#define LOOKS(name, args) {name, args, NONE, Known::NOTHING, NONE, NONE}
#define POINTS(name, args, result) {name, args, result, Known::NOTHING, NONE, NONE}
#define COPIES(name, args, result, to, from) {name, args, result, Known::COPIES, to, from}
#define SAVES(name, args, result, to, from) {name, args, result, Known::SAVES, to, from}
    COPIES("memcpy", 3, 0, 0, 1),
    COPIES("memmove", 3, 0, 0, 1),
    COPIES("mempcpy", 3, 0, 0, 1),
    COPIES("memccpy", 4, 0, 0, 1),
    COPIES("bcopy", 3, NONE, 1, 0),
    COPIES("strcpy", 2, 0, 0, 1),
    COPIES("strncpy", 3, 0, 0, 1),
    COPIES("stpcpy", 2, 0, 0, 1),
    COPIES("stpncpy", 3, 0, 0, 1),
    COPIES("strcat", 2, 0, 0, 1),
    COPIES("strncat", 3, 0, 0, 1),
    COPIES("strlcpy", 3, NONE, 0, 1),
    COPIES("strlcat", 3, NONE, 0, 1),
    COPIES("__memcpy_chk", 4, 0, 0, 1),
    COPIES("__memmove_chk", 4, 0, 0, 1),
    COPIES("__mempcpy_chk", 4, 0, 0, 1),
    COPIES("__strcpy_chk", 3, 0, 0, 1),
    COPIES("__strncpy_chk", 4, 0, 0, 1),
    COPIES("__stpcpy_chk", 3, 0, 0, 1),
    COPIES("__strcat_chk", 3, 0, 0, 1),
    COPIES("__strncat_chk", 4, 0, 0, 1),
    {"strtok_r", 3, 0, Known::SPLITS, 2, 0},
    {"__strtok_r", 3, 0, Known::SPLITS, 2, 0},
    {"strsep", 2, NONE, Known::SPLITS, 0, NONE},
    SAVES("strtol", 3, NONE, 1, 0),
    SAVES("strtoul", 3, NONE, 1, 0),
    SAVES("strtoll", 3, NONE, 1, 0),
    SAVES("strtoull", 3, NONE, 1, 0),
    SAVES("strtod", 2, NONE, 1, 0),
    SAVES("strtof", 2, NONE, 1, 0),
    SAVES("strtold", 2, NONE, 1, 0),
    POINTS("memset", 3, 0),
    POINTS("__memset_chk", 4, 0),
    POINTS("strchr", 2, 0),
    POINTS("strrchr", 2, 0),
    POINTS("strchrnul", 2, 0),
    POINTS("index", 2, 0),
    POINTS("rindex", 2, 0),
    POINTS("memchr", 3, 0),
    POINTS("memrchr", 3, 0),
    POINTS("rawmemchr", 2, 0),
    POINTS("strstr", 2, 0),
    POINTS("strcasestr", 2, 0),
    POINTS("memmem", 4, 0),
    POINTS("strpbrk", 2, 0),
    POINTS("fgets", 3, 0),
    POINTS("__fgets_chk", 4, 0),
    POINTS("getcwd", 2, 0),
    POINTS("basename", 1, 0),
    POINTS("dirname", 1, 0),
    POINTS("realpath", 2, 1),
    POINTS("inet_ntop", 4, 2),
    POINTS("localtime_r", 2, 1),
    POINTS("gmtime_r", 2, 1),
    POINTS("ctime_r", 2, 1),
    POINTS("asctime_r", 2, 1),
    POINTS("strerror_r", 3, 1),
    LOOKS("read", 3),
    LOOKS("write", 3),
    LOOKS("pread", 4),
    LOOKS("pwrite", 4),
    LOOKS("pread64", 4),
    LOOKS("pwrite64", 4),
    LOOKS("readv", 3),
    LOOKS("writev", 3),
    LOOKS("recv", 4),
    LOOKS("send", 4),
    LOOKS("recvfrom", 6),
    LOOKS("sendto", 6),
    LOOKS("recvmsg", 3),
    LOOKS("sendmsg", 3),
    LOOKS("poll", 3),
    LOOKS("select", 5),
    LOOKS("accept", 3),
    LOOKS("accept4", 4),
    LOOKS("bind", 3),
    LOOKS("connect", 3),
    LOOKS("getsockname", 3),
    LOOKS("getpeername", 3),
    LOOKS("getsockopt", 5),
    LOOKS("setsockopt", 5),
    LOOKS("stat", 2),
    LOOKS("fstat", 2),
    LOOKS("lstat", 2),
    LOOKS("stat64", 2),
    LOOKS("fstat64", 2),
    LOOKS("lstat64", 2),
    LOOKS("open", 2),
    LOOKS("open64", 2),
    LOOKS("openat", 3),
    LOOKS("opendir", 1),
    LOOKS("fopen", 2),
    LOOKS("fopen64", 2),
    LOOKS("access", 2),
    LOOKS("unlink", 1),
    LOOKS("rename", 2),
    LOOKS("mkdir", 2),
    LOOKS("rmdir", 1),
    LOOKS("chdir", 1),
    LOOKS("chmod", 2),
    LOOKS("chown", 3),
    LOOKS("readlink", 3),
    LOOKS("printf", 1),
    LOOKS("fprintf", 2),
    LOOKS("dprintf", 2),
    LOOKS("sprintf", 2),
    LOOKS("snprintf", 3),
    LOOKS("vprintf", 2),
    LOOKS("vfprintf", 3),
    LOOKS("vsprintf", 3),
    LOOKS("vsnprintf", 4),
    LOOKS("__printf_chk", 2),
    LOOKS("__fprintf_chk", 3),
    LOOKS("__sprintf_chk", 4),
    LOOKS("__snprintf_chk", 5),
    LOOKS("__vsnprintf_chk", 6),
    LOOKS("__vfprintf_chk", 4),
    LOOKS("puts", 1),
    LOOKS("fputs", 2),
    LOOKS("fwrite", 4),
    LOOKS("fread", 4),
    LOOKS("sscanf", 2),
    LOOKS("__isoc99_sscanf", 2),
    LOOKS("memcmp", 3),
    LOOKS("bcmp", 3),
    LOOKS("bzero", 2),
    LOOKS("explicit_bzero", 2),
    LOOKS("strlen", 1),
    LOOKS("strnlen", 2),
    LOOKS("strcmp", 2),
    LOOKS("strncmp", 3),
    LOOKS("strcasecmp", 2),
    LOOKS("strncasecmp", 3),
    LOOKS("strcoll", 2),
    LOOKS("strspn", 2),
    LOOKS("strcspn", 2),
    LOOKS("atoi", 1),
    LOOKS("atol", 1),
    LOOKS("atoll", 1),
    LOOKS("atof", 1),
    LOOKS("nanosleep", 2),
    LOOKS("clock_gettime", 2),
    LOOKS("gettimeofday", 2),
    LOOKS("time", 1),
    LOOKS("mktime", 1),
    LOOKS("timegm", 1),
    LOOKS("strftime", 4),
    LOOKS("syslog", 2),
    LOOKS("__syslog_chk", 3),
    LOOKS("perror", 1),
    LOOKS("err", 2),
    LOOKS("errx", 2),
    LOOKS("warn", 1),
    LOOKS("warnx", 1),
    LOOKS("pthread_mutex_init", 2),
    LOOKS("pthread_mutex_lock", 1),
    LOOKS("pthread_mutex_trylock", 1),
    LOOKS("pthread_mutex_unlock", 1),
    LOOKS("pthread_mutex_destroy", 1),
    LOOKS("pthread_cond_init", 2),
    LOOKS("pthread_cond_wait", 2),
    LOOKS("pthread_cond_timedwait", 3),
    LOOKS("pthread_cond_signal", 1),
    LOOKS("pthread_cond_broadcast", 1),
    LOOKS("pthread_cond_destroy", 1),
    LOOKS("pthread_attr_init", 1),
    LOOKS("pthread_attr_destroy", 1),
    LOOKS("pthread_join", 2),
    LOOKS("sem_wait", 1),
    LOOKS("sem_post", 1),
    LOOKS("inet_pton", 3),
    LOOKS("inet_aton", 2),
    LOOKS("getaddrinfo", 4),
    LOOKS("gethostname", 2),
    LOOKS("getnameinfo", 7),
    LOOKS("sigemptyset", 1),
    LOOKS("sigfillset", 1),
    LOOKS("sigaddset", 2),
    LOOKS("sigdelset", 2),
    LOOKS("sigprocmask", 3),
    LOOKS("pthread_sigmask", 3),
    LOOKS("getrlimit", 2),
    LOOKS("setrlimit", 2),
    LOOKS("getrlimit64", 2),
    LOOKS("setrlimit64", 2),
    LOOKS("getenv", 1),
    LOOKS("setenv", 3),
    LOOKS("unsetenv", 1),
    LOOKS("malloc_usable_size", 1),
    LOOKS("regexec", 5),
    LOOKS("regfree", 1),
    LOOKS("crc32", 3),
    LOOKS("adler32", 3),
    LOOKS("getline", 3),
    LOOKS("getdelim", 4),
    LOOKS("fclose", 1),
    LOOKS("fflush", 1),
    LOOKS("execvp", 2),
    LOOKS("execv", 2),
    LOOKS("getpwnam", 1),
    LOOKS("getgrnam", 1),
    LOOKS("__assert_fail", 4),
#undef LOOKS
#undef POINTS
#undef COPIES
#undef SAVES
};

bool among(StringRef name, std::initializer_list<const char *> list)
{
    for (const char *one : list)
        if (name == one)
            return true;
    return false;
}

bool begins(StringRef name, StringRef with) { return name.take_front(with.size()) == with; }

} // namespace

Names::Names(const Module &m) : module(m)
{
    const char *words = std::getenv("POND_ESCAPE");
    if (words != nullptr)
        read_words(words);
}

// alloc,alloc;free@ARG,free@ARG: ARG counts from 0, and is 0 where it is left out.
void Names::read_words(StringRef words)
{
    std::pair<StringRef, StringRef> halves = words.split(';');
    SmallVector<StringRef, 8> list;
    halves.first.split(list, ',', -1, false);
    for (StringRef get : list)
        own_gets.insert(get.trim().str());
    if (own_gets.empty())
        problem = "POND_ESCAPE names no function that allocates: it is \"alloc,alloc;free@ARG,free@ARG\"";
    list.clear();
    halves.second.split(list, ',', -1, false);
    for (StringRef put : list) {
        std::pair<StringRef, StringRef> parts = put.trim().split('@');
        unsigned argument = 0;
        if (!parts.second.empty() && parts.second.getAsInteger(10, argument))
            problem = "POND_ESCAPE says \"" + put.trim().str() + "\": behind @ stands a number, counted from 0";
        own_puts[parts.first.str()] = static_cast<int>(argument);
    }
}

const Function *Names::callee(const CallBase &c)
{
    return dyn_cast<Function>(c.getCalledOperand()->stripPointerCasts());
}

StringRef Names::name(const CallBase &c)
{
    const Function *f = callee(c);
    StringRef name = f != nullptr ? f->getName() : StringRef();
    name.consume_front("\01"); // a symbol that was given by asm()
    return name;
}

// POND_DECLARE(conn, T) has declared conn_get, conn_put and conn_pond; of these the module has what it uses.
bool Names::typed(StringRef name, StringRef suffix) const
{
    if (!name.consume_back(suffix) || name.empty())
        return false;
    std::string base = name.str();
    const Function *get = module.getFunction(base + "_get");
    const Function *put = module.getFunction(base + "_put");
    if (module.getFunction(base + "_pond") != nullptr)
        return true;
    return get != nullptr && put != nullptr && get->isDeclaration() && put->isDeclaration() &&
           get->arg_size() == 0 && put->arg_size() == 1 && put->getReturnType()->isVoidTy() &&
           get->getReturnType() == put->getFunctionType()->getParamType(0);
}

Source Names::allocates(const CallBase &c) const
{
    StringRef n = name(c);
    if (n.empty())
        return Source::NO;
    if (n == "posix_memalign")
        return c.arg_size() == 3 ? Source::OUT : Source::NO;
    if (!c.getType()->isPointerTy())
        return Source::NO;
    if (own_gets.count(n.str()) != 0)
        return Source::OWN;
    if (among(n, {"malloc", "calloc", "strdup", "strndup", "aligned_alloc", "memalign", "valloc"}) ||
        begins(n, "_Znwm") || begins(n, "_Znam") || begins(n, "_Znwj") || begins(n, "_Znaj"))
        return Source::HEAP;
    if (among(n, {"pond_get", "pond_get_inline", "pond_get_slow", "pond_get_idle", "pond_get_wait",
                  "pond_get_from"}) ||
        typed(n, "_get"))
        return Source::POOL;
    return Source::NO;
}

int Names::frees(const CallBase &c) const
{
    StringRef n = name(c);
    int argument = NONE;
    auto own = own_puts.find(n.str());
    if (own != own_puts.end())
        argument = own->second;
    else if (among(n, {"free", "cfree"}) || begins(n, "_ZdlPv") || begins(n, "_ZdaPv"))
        argument = 0;
    else if (among(n, {"pond_put", "pond_put_inline", "pond_put_slow", "pond_put_from", "pond_discard"}))
        argument = 1;
    else if (typed(n, "_put") || typed(n, "_discard"))
        argument = 0;
    return argument < static_cast<int>(c.arg_size()) ? argument : NONE;
}

bool Names::grows(const CallBase &c)
{
    StringRef n = name(c);
    return (n == "realloc" && c.arg_size() == 2) || (n == "reallocarray" && c.arg_size() == 3);
}

bool Names::allocator(const Function &f) const
{
    StringRef n = f.getName();
    return own_gets.count(n.str()) != 0 || begins(n, "pond_get") || typed(n, "_get");
}

// A function with a body of its own is looked at; one with another number of arguments is another function.
const Known *Names::known(const CallBase &c)
{
    static const std::map<std::string, const Known *> by_name = [] {
        std::map<std::string, const Known *> map;
        for (const Known &k : library)
            map[k.name] = &k;
        return map;
    }();
    const Function *f = callee(c);
    if (f == nullptr || !f->isDeclaration())
        return nullptr;
    auto found = by_name.find(name(c).str());
    if (found == by_name.end())
        return nullptr;
    int args = static_cast<int>(f->arg_size());
    bool fits = args == found->second->args && args <= static_cast<int>(c.arg_size());
    return fits ? found->second : nullptr;
}

} // namespace escape
