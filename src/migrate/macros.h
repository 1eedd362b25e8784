/* For spatch, which has to parse code that uses ponds already: macros that need no semicolon. */
#define POND_DECLARE(name, T) ;
#define POND_DEFINE(name, ...) ;
