/* Keeps a journal of what a power cut would undo: what stood where a file was written, and when it was synced.

   Preloaded into a server. A record is a line, "kind offset bytes size path", and after it so many bytes:
   W  about to write at that offset, in a file of that size; the bytes are those that were there
   S  synced; all records of the file that stand before that offset of the journal are safe
   Of regular files only, whose path contains UNSYNCED_FILES; to the file UNSYNCED_JOURNAL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_SIZE 3072

static int concerned(int fd, char *path, struct stat *now) {
    const char *files = getenv("UNSYNCED_FILES");
    char link[64];
    if (files == NULL || fstat(fd, now) != 0 || !S_ISREG(now->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_SIZE - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, files) != NULL;
}

static int opened(void) {
    int journal = open(getenv("UNSYNCED_JOURNAL"), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (journal < 0) abort();
    return journal;
}

static void append(char kind, long long offset, long long bytes, long long size, const char *path, char *old) {
    /* One write, so that records of several processes do not mix. */
    char *record = malloc(PATH_SIZE + 128 + bytes);
    int head = sprintf(record, "%c %lld %lld %lld %s\n", kind, offset, bytes, size, path);
    memcpy(record + head, old, bytes);
    int journal = opened();
    if (syscall(SYS_write, journal, record, head + bytes) != head + bytes) abort();
    close(journal);
    free(record);
}

/* offset < 0: where the file stands. */
static void before_write(int fd, off_t offset, size_t count) {
    char path[PATH_SIZE], link[64];
    struct stat now;
    if (!concerned(fd, path, &now)) return;
    if (offset < 0) offset = fcntl(fd, F_GETFL) & O_APPEND ? now.st_size : lseek(fd, 0, SEEK_CUR);
    char *old = malloc(count + 1);
    ssize_t there = 0;
    /* By a descriptor of our own: theirs may be for writing only, or bypass the cache. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int reading = open(link, O_RDONLY | O_CLOEXEC);
    if (reading < 0) abort();
    if (offset < now.st_size) there = pread(reading, old, count, offset);
    if (there < 0) abort();
    close(reading);
    append('W', offset, there, now.st_size, path, old);
    free(old);
}

static int synced(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    char path[PATH_SIZE];
    struct stat file, journal_now;
    int known = concerned(fd, path, &file);
    if (known) {
        int journal = opened();
        if (fstat(journal, &journal_now) != 0) abort();
        close(journal);
    }
    int answer = real(fd);
    if (known && answer == 0) append('S', journal_now.st_size, 0, file.st_size, path, "");
    return answer;
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

ssize_t write(int fd, const void *buffer, size_t count) {
    before_write(fd, -1, count);
    return syscall(SYS_write, fd, buffer, count);
}

ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset) {
    before_write(fd, offset, count);
    return syscall(SYS_pwrite64, fd, buffer, count, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset) {
    return pwrite(fd, buffer, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int number, off_t offset) {
    ssize_t (*real)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, "pwritev");
    size_t count = 0;
    for (int part = 0; part < number; part++) count += parts[part].iov_len;
    before_write(fd, offset, count);
    return real(fd, parts, number, offset);
}
