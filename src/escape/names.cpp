// SPDX-License-Identifier: BSD-2-Clause
#include "names.h"
#include <cstdlib>

using namespace llvm;

namespace escape
{

namespace
{

// Sorted by what they do. Not here, since they keep what they are given: strtok, setvbuf, putenv, openlog,
// pthread_setspecific, epoll_ctl, fmemopen, open_memstream, getopt; nor ioctl and fcntl, of which nobody
// knows.
const Known library[] = {
#define SENDS(name, args, from)                                                                              \
    {                                                                                                        \
        name, args, NONE, Known::SENDS, NONE, from                                                           \
    }
#define LOOKS(name, args)                                                                                    \
    {                                                                                                        \
        name, args, NONE, Known::NOTHING, NONE, NONE                                                         \
    }
#define POINTS(name, args, result)                                                                           \
    {                                                                                                        \
        name, args, result, Known::NOTHING, NONE, NONE                                                       \
    }
#define COPIES(name, args, result, to, from)                                                                 \
    {                                                                                                        \
        name, args, result, Known::COPIES, to, from                                                          \
    }
#define SAVES(name, args, result, to, from)                                                                  \
    {                                                                                                        \
        name, args, result, Known::SAVES, to, from                                                           \
    }
    COPIES("memcpy", "ppn", 0, 0, 1),
    COPIES("memmove", "ppn", 0, 0, 1),
    COPIES("mempcpy", "ppn", 0, 0, 1),
    COPIES("memccpy", "ppnn", 0, 0, 1),
    COPIES("bcopy", "ppn", NONE, 1, 0),
    COPIES("strcpy", "pp", 0, 0, 1),
    COPIES("strncpy", "ppn", 0, 0, 1),
    COPIES("stpcpy", "pp", 0, 0, 1),
    COPIES("stpncpy", "ppn", 0, 0, 1),
    COPIES("strcat", "pp", 0, 0, 1),
    COPIES("strncat", "ppn", 0, 0, 1),
    COPIES("strlcpy", "ppn", NONE, 0, 1),
    COPIES("strlcat", "ppn", NONE, 0, 1),
    COPIES("__memcpy_chk", "ppnn", 0, 0, 1),
    COPIES("__memmove_chk", "ppnn", 0, 0, 1),
    COPIES("__mempcpy_chk", "ppnn", 0, 0, 1),
    COPIES("__strcpy_chk", "ppn", 0, 0, 1),
    COPIES("__strncpy_chk", "ppnn", 0, 0, 1),
    COPIES("__stpcpy_chk", "ppn", 0, 0, 1),
    COPIES("__strcat_chk", "ppn", 0, 0, 1),
    COPIES("__strncat_chk", "ppnn", 0, 0, 1),
    {"strtok_r", "ppp", 0, Known::SPLITS, 2, 0},
    {"__strtok_r", "ppp", 0, Known::SPLITS, 2, 0},
    {"strsep", "pp", NONE, Known::SPLITS, 0, NONE},
    SAVES("strtol", "ppn", NONE, 1, 0),
    SAVES("strtoul", "ppn", NONE, 1, 0),
    SAVES("strtoll", "ppn", NONE, 1, 0),
    SAVES("strtoull", "ppn", NONE, 1, 0),
    SAVES("strtod", "pp", NONE, 1, 0),
    SAVES("strtof", "pp", NONE, 1, 0),
    SAVES("strtold", "pp", NONE, 1, 0),
    POINTS("memset", "pnn", 0),
    POINTS("__memset_chk", "pnnn", 0),
    POINTS("strchr", "pn", 0),
    POINTS("strrchr", "pn", 0),
    POINTS("strchrnul", "pn", 0),
    POINTS("index", "pn", 0),
    POINTS("rindex", "pn", 0),
    POINTS("memchr", "pnn", 0),
    POINTS("memrchr", "pnn", 0),
    POINTS("rawmemchr", "pn", 0),
    POINTS("strstr", "pp", 0),
    POINTS("strcasestr", "pp", 0),
    POINTS("memmem", "pnpn", 0),
    POINTS("strpbrk", "pp", 0),
    POINTS("fgets", "pnp", 0),
    POINTS("__fgets_chk", "pnnp", 0),
    POINTS("getcwd", "pn", 0),
    POINTS("basename", "p", 0),
    POINTS("dirname", "p", 0),
    POINTS("realpath", "pp", 1),
    POINTS("inet_ntop", "nppn", 2),
    POINTS("localtime_r", "pp", 1),
    POINTS("gmtime_r", "pp", 1),
    POINTS("ctime_r", "pp", 1),
    POINTS("asctime_r", "pp", 1),
    POINTS("strerror_r", "npn", 1),
    LOOKS("read", "npn"),
    SENDS("write", "npn", 1),
    LOOKS("pread", "npnn"),
    SENDS("pwrite", "npnn", 1),
    LOOKS("pread64", "npnn"),
    SENDS("pwrite64", "npnn", 1),
    LOOKS("readv", "npn"),
    {"writev", "npn", NONE, Known::SENDS, 1, 1},
    LOOKS("recv", "npnn"),
    SENDS("send", "npnn", 1),
    LOOKS("recvfrom", "npnnpp"),
    SENDS("sendto", "npnnpn", 1),
    LOOKS("recvmsg", "npn"),
    {"sendmsg", "npn", NONE, Known::SENDS, 2, 1},
    LOOKS("poll", "pnn"),
    LOOKS("select", "npppp"),
    LOOKS("accept", "npp"),
    LOOKS("accept4", "nppn"),
    LOOKS("bind", "npn"),
    LOOKS("connect", "npn"),
    LOOKS("getsockname", "npp"),
    LOOKS("getpeername", "npp"),
    LOOKS("getsockopt", "nnnpp"),
    LOOKS("setsockopt", "nnnpn"),
    LOOKS("stat", "pp"),
    LOOKS("fstat", "np"),
    LOOKS("lstat", "pp"),
    LOOKS("stat64", "pp"),
    LOOKS("fstat64", "np"),
    LOOKS("lstat64", "pp"),
    LOOKS("open", "pn."),
    LOOKS("open64", "pn."),
    LOOKS("openat", "npn."),
    LOOKS("opendir", "p"),
    LOOKS("fopen", "pp"),
    LOOKS("fopen64", "pp"),
    LOOKS("access", "pn"),
    LOOKS("unlink", "p"),
    LOOKS("rename", "pp"),
    LOOKS("mkdir", "pn"),
    LOOKS("rmdir", "p"),
    LOOKS("chdir", "p"),
    LOOKS("chmod", "pn"),
    LOOKS("chown", "pnn"),
    LOOKS("readlink", "ppn"),
    LOOKS("printf", "p."),
    LOOKS("fprintf", "pp."),
    LOOKS("dprintf", "np."),
    LOOKS("sprintf", "pp."),
    LOOKS("snprintf", "pnp."),
    LOOKS("vprintf", "pp"),
    LOOKS("vfprintf", "ppp"),
    LOOKS("vsprintf", "ppp"),
    LOOKS("vsnprintf", "pnpp"),
    LOOKS("__printf_chk", "np."),
    LOOKS("__fprintf_chk", "pnp."),
    LOOKS("__sprintf_chk", "pnnp."),
    LOOKS("__snprintf_chk", "pnnnp."),
    LOOKS("__vsnprintf_chk", "pnnnpp"),
    LOOKS("__vfprintf_chk", "pnpp"),
    LOOKS("puts", "p"),
    LOOKS("fputs", "pp"),
    SENDS("fwrite", "pnnp", 0),
    LOOKS("fread", "pnnp"),
    LOOKS("sscanf", "pp."),
    LOOKS("__isoc99_sscanf", "pp."),
    LOOKS("memcmp", "ppn"),
    LOOKS("bcmp", "ppn"),
    LOOKS("bzero", "pn"),
    LOOKS("explicit_bzero", "pn"),
    LOOKS("strlen", "p"),
    LOOKS("strnlen", "pn"),
    LOOKS("strcmp", "pp"),
    LOOKS("strncmp", "ppn"),
    LOOKS("strcasecmp", "pp"),
    LOOKS("strncasecmp", "ppn"),
    LOOKS("strcoll", "pp"),
    LOOKS("strspn", "pp"),
    LOOKS("strcspn", "pp"),
    LOOKS("atoi", "p"),
    LOOKS("atol", "p"),
    LOOKS("atoll", "p"),
    LOOKS("atof", "p"),
    LOOKS("nanosleep", "pp"),
    LOOKS("clock_gettime", "np"),
    LOOKS("gettimeofday", "pp"),
    LOOKS("time", "p"),
    LOOKS("mktime", "p"),
    LOOKS("timegm", "p"),
    LOOKS("strftime", "pnpp"),
    LOOKS("syslog", "np."),
    LOOKS("__syslog_chk", "nnp."),
    LOOKS("perror", "p"),
    LOOKS("err", "np."),
    LOOKS("errx", "np."),
    LOOKS("warn", "p."),
    LOOKS("warnx", "p."),
    LOOKS("pthread_mutex_init", "pp"),
    LOOKS("pthread_mutex_lock", "p"),
    LOOKS("pthread_mutex_trylock", "p"),
    LOOKS("pthread_mutex_unlock", "p"),
    LOOKS("pthread_mutex_destroy", "p"),
    LOOKS("pthread_cond_init", "pp"),
    LOOKS("pthread_cond_wait", "pp"),
    LOOKS("pthread_cond_timedwait", "ppp"),
    LOOKS("pthread_cond_signal", "p"),
    LOOKS("pthread_cond_broadcast", "p"),
    LOOKS("pthread_cond_destroy", "p"),
    LOOKS("pthread_attr_init", "p"),
    LOOKS("pthread_attr_destroy", "p"),
    LOOKS("pthread_join", "np"),
    LOOKS("sem_wait", "p"),
    LOOKS("sem_post", "p"),
    LOOKS("inet_pton", "npp"),
    LOOKS("inet_aton", "pp"),
    LOOKS("getaddrinfo", "pppp"),
    LOOKS("gethostname", "pn"),
    LOOKS("getnameinfo", "pnpnpnn"),
    LOOKS("sigemptyset", "p"),
    LOOKS("sigfillset", "p"),
    LOOKS("sigaddset", "pn"),
    LOOKS("sigdelset", "pn"),
    LOOKS("sigprocmask", "npp"),
    LOOKS("pthread_sigmask", "npp"),
    LOOKS("getrlimit", "np"),
    LOOKS("setrlimit", "np"),
    LOOKS("getrlimit64", "np"),
    LOOKS("setrlimit64", "np"),
    LOOKS("getenv", "p"),
    LOOKS("setenv", "ppn"),
    LOOKS("unsetenv", "p"),
    LOOKS("malloc_usable_size", "p"),
    LOOKS("regexec", "ppnpn"),
    LOOKS("regfree", "p"),
    LOOKS("crc32", "npn"),
    LOOKS("adler32", "npn"),
    LOOKS("getline", "ppp"),
    LOOKS("getdelim", "ppnp"),
    LOOKS("fclose", "p"),
    LOOKS("fflush", "p"),
    LOOKS("execvp", "pp"),
    LOOKS("execv", "pp"),
    LOOKS("getpwnam", "p"),
    LOOKS("getgrnam", "p"),
    LOOKS("__assert_fail", "ppnp"),
#undef SENDS
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

bool begins(StringRef name, StringRef with)
{
    return name.take_front(with.size()) == with;
}

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
            problem =
                "POND_ESCAPE says \"" + put.trim().str() + "\": behind @ stands a number, counted from 0";
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
    else if (among(n, {"pond_put", "pond_put_inline", "pond_put_slow", "pond_put_from", "pond_discard"}))
        argument = 1;
    else if (among(n, {"free", "cfree"}) || begins(n, "_ZdlPv") || begins(n, "_ZdaPv") || typed(n, "_put") ||
             typed(n, "_discard"))
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

// "pn.": a pointer, a number, and variable arguments.
static bool matches(const FunctionType &type, StringRef args)
{
    if (type.isVarArg() != args.consume_back(".") || type.getNumParams() != args.size())
        return false;
    for (unsigned n = 0; n < args.size(); n++)
        if (type.getParamType(n)->isPointerTy() != (args[n] == 'p'))
            return false;
    return true;
}

// A function with a body of its own is looked at; one with other arguments is another function.
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
    bool fits = matches(*f->getFunctionType(), found->second->args) && c.arg_size() >= f->arg_size();
    return fits ? found->second : nullptr;
}

} // namespace escape
