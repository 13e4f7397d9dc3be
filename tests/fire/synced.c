/* Notes what a power cut would leave of every file: its size when its last sync began, "size path" a line. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int noted(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct stat before;
    int known = fstat(fd, &before) == 0;
    int answer = real(fd);
    const char *log = getenv("SYNCED_LOG");
    if (answer == 0 && known && log != NULL) {
        char link[64], path[3072], line[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0) {
            path[length] = 0;
            int size = snprintf(line, sizeof line, "%lld %s\n", (long long)before.st_size, path);
            int out = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
            if (out >= 0) {
                if (write(out, line, size) != size) abort();
                close(out);
            }
        }
    }
    return answer;
}

int fsync(int fd) { return noted(fd, "fsync"); }
int fdatasync(int fd) { return noted(fd, "fdatasync"); }
