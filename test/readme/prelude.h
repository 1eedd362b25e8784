/* What the code in README.md and doc/ takes for granted: the program around it. */
#include <pond/http.h>
#include <pond/profile_write.h>
#include <pond/typed.h>
#include <stdlib.h>
#include <string.h>

extern const char *method, *path, *query;
extern int fd;
void send(int status, const char *type, const char *headers, const char *body, size_t length);
