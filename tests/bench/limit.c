/* The limit: a portable plugin that does no work, to measure the host's own path.
 *
 *     BENCH_NAME=plugin EKUIPER_SOCKET_DIR=/tmp limit POLL_MICROSECONDS
 *
 * Serves whatever function, source or sink the host starts. A function always results in 1; a
 * source sends one constant row as fast as the host takes it (`size`: with so many bytes of text in
 * it, `rows` 0: none); a sink reads and forgets. Of commands it reads what it needs for the socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { REQ = 0x30, PUSH = 0x50, PULL = 0x51, ROOM = 1 << 21, BATCH = 400 };

static const char *directory;
static long patience_ns; /* a function polls for so long before it sleeps */

static void die(const char *what) {
    perror(what);
    exit(1);
}

static long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static struct sockaddr_un address(const char *name) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int size = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.ipc", directory, name);
    if (size < 0 || (size_t)size >= sizeof a.sun_path) {
        fprintf(stderr, "%s/%s.ipc: too long for a socket\n", directory, name);
        exit(1);
    }
    return a;
}

static int read_all(int fd, void *into, size_t size) {
    char *at = into;
    while (size) {
        ssize_t n = read(fd, at, size);
        if (n <= 0) return 0;
        at += n;
        size -= (size_t)n;
    }
    return 1;
}

static int write_all(int fd, const void *from, size_t size) {
    const char *at = from;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0) return 0;
        at += n;
        size -= (size_t)n;
    }
    return 1;
}

static void greet(int fd, int protocol) {
    unsigned char hello[8] = {0, 'S', 'P', 0, 0, (unsigned char)protocol, 0, 0};
    if (!write_all(fd, hello, 8) || !read_all(fd, hello, 8)) die("greeting");
}

static int dial(const char *name, int protocol) {
    struct sockaddr_un a = address(name);
    for (int tries = 0; tries < 500; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!connect(fd, (struct sockaddr *)&a, sizeof a)) {
            greet(fd, protocol);
            return fd;
        }
        close(fd);
        usleep(10000);
    }
    die(name);
    return -1;
}

static void put_head(unsigned char *to, uint64_t size) {
    to[0] = 1;
    for (int i = 0; i < 8; i++) to[1 + i] = (unsigned char)(size >> (8 * (7 - i)));
}

static uint64_t size_of(const unsigned char *head) {
    uint64_t size = 0;
    for (int i = 0; i < 8; i++) size = size << 8 | head[1 + i];
    return size;
}

/* One REQ connection: say, hear. */
struct exchange {
    int fd;
    uint32_t id;
    unsigned char out[256], in[ROOM]; /* a payload begins at in + 13 */
};

static void say(struct exchange *x, const char *text) {
    size_t size = strlen(text);
    uint32_t id = ++x->id | 0x80000000u;
    put_head(x->out, size + 4);
    for (int i = 0; i < 4; i++) x->out[9 + i] = (unsigned char)(id >> (8 * (3 - i)));
    memcpy(x->out + 13, text, size);
    if (!write_all(x->fd, x->out, size + 13)) exit(1);
}

static ssize_t first_bytes(struct exchange *x, long poll_ns) {
    if (poll_ns) {
        long end = now_ns() + poll_ns;
        do {
            ssize_t n = recv(x->fd, x->in, ROOM - 1, MSG_DONTWAIT);
            if (n >= 0 || errno != EAGAIN) return n;
        } while (now_ns() < end);
    }
    return recv(x->fd, x->in, ROOM - 1, 0);
}

static void hear(struct exchange *x, long poll_ns) {
    ssize_t have = first_bytes(x, poll_ns);
    if (have <= 0) exit(1);
    if (have < 9 && !read_all(x->fd, x->in + have, (size_t)(9 - have))) exit(1);
    size_t whole = 9 + size_of(x->in);
    if ((size_t)have < whole) {
        size_t from = have < 9 ? 9 : (size_t)have;
        if (whole >= ROOM || !read_all(x->fd, x->in + from, whole - from)) exit(1);
    }
    x->in[whole] = 0;
}

static void *function(void *name) {
    struct exchange *x = calloc(1, sizeof *x);
    if (!x) die("function");
    x->fd = dial(name, REQ);
    say(x, "handshake");
    for (;;) {
        hear(x, patience_ns);
        const char *asked = (char *)x->in + 13 + strlen("{\"func\":\"");
        say(x, *asked == 'E'   ? "{\"state\":true,\"result\":1}"
               : *asked == 'I' ? "{\"state\":true,\"result\":false}"
                               : "{\"state\":true,\"result\":\"\"}");
    }
    return NULL;
}

/* What a source was started with. */
struct rows {
    int fd;
    long size; /* of the text in each row */
    int none;
};

/* As many constant rows as are worth one write; returns how many bytes. */
static size_t many_rows(const struct rows *rows, unsigned char **batch) {
    static const char head[] = "{\"message\":{\"n\":1,\"name\":\"";
    static const char tail[] = "\",\"value\":2.5},\"meta\":null}";
    size_t payload = sizeof head - 1 + (size_t)rows->size + sizeof tail - 1, each = 9 + payload;
    size_t count = each > BATCH ? 1 : BATCH;
    unsigned char *at = *batch = malloc(each * count);
    if (!at) die("rows");
    for (size_t i = 0; i < count; i++, at += each) {
        put_head(at, payload);
        memcpy(at + 9, head, sizeof head - 1);
        memset(at + 9 + sizeof head - 1, 'x', (size_t)rows->size);
        memcpy(at + each - (sizeof tail - 1), tail, sizeof tail - 1);
    }
    return each * count;
}

static void *source(void *argument) {
    struct rows *rows = argument;
    if (rows->none) {
        char ended;
        while (read(rows->fd, &ended, 1) > 0) {
        }
    } else {
        unsigned char *batch;
        size_t size = many_rows(rows, &batch);
        while (write_all(rows->fd, batch, size)) {
        }
        free(batch);
    }
    close(rows->fd);
    free(rows);
    return NULL;
}

static void *sink(void *listener) {
    static __thread unsigned char in[1 << 16];
    int fd = accept((int)(intptr_t)listener, NULL, NULL);
    if (fd < 0) die("sink");
    greet(fd, PULL);
    while (read(fd, in, sizeof in) > 0) {
    }
    close(fd);
    close((int)(intptr_t)listener);
    return NULL;
}

static void run(void *(*work)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, argument)) die("thread");
    pthread_detach(thread);
}

/* The text after `key` in the escaped JSON of a command, up to the next quote or comma. */
static const char *field(const char *command, const char *key, char *into, size_t room) {
    const char *at = strstr(command, key);
    size_t n = 0;
    if (at)
        for (at += strlen(key); *at && !strchr("\\\",}", *at) && n < room - 1;) into[n++] = *at++;
    into[n] = 0;
    return into;
}

static void start_source(const char *command, const char *name) {
    char text[32];
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows) die("source");
    rows->size = atol(field(command, "\\\"size\\\":", text, sizeof text));
    if (!rows->size) rows->size = 5;
    rows->none = !strcmp(field(command, "\\\"rows\\\":", text, sizeof text), "0");
    rows->fd = dial(name, PUSH);
    run(source, rows);
}

static void start_sink(const char *name) {
    struct sockaddr_un a = address(name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(a.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8)) die(a.sun_path);
    run(sink, (void *)(intptr_t)fd);
}

static void start(const char *command) {
    char kind[16], symbol[128], rule[256], op[256], instance[16], name[700];
    field(command, "pluginType\\\":\\\"", kind, sizeof kind);
    field(command, "symbolName\\\":\\\"", symbol, sizeof symbol);
    field(command, "ruleId\\\":\\\"", rule, sizeof rule);
    field(command, "opId\\\":\\\"", op, sizeof op);
    field(command, "instanceId\\\":", instance, sizeof instance);
    snprintf(name, sizeof name, "%s_%s_%s", rule, op, instance);
    if (!strcmp(kind, "source")) {
        start_source(command, name);
    } else if (!strcmp(kind, "sink")) {
        start_sink(name);
    } else {
        snprintf(name, sizeof name, "func_%s", symbol);
        run(function, strdup(name));
    }
}

int main(int argc, char **argv) {
    static struct exchange control;
    const char *plugin = getenv("BENCH_NAME");
    char name[256];
    directory = getenv("EKUIPER_SOCKET_DIR");
    if (!directory || !*directory) directory = "/tmp";
    if (argc < 2 || !plugin) return fprintf(stderr, "usage: BENCH_NAME=... limit POLL_US\n"), 2;
    patience_ns = atol(argv[1]) * 1000;
    snprintf(name, sizeof name, "plugin_%s", plugin);
    control.fd = dial(name, REQ);
    say(&control, "handshake");
    for (;;) {
        hear(&control, 0);
        if (strstr((char *)control.in + 13, "\"cmd\":\"start\"")) {
            start((char *)control.in + 13);
        }
        say(&control, "ok");
    }
}
