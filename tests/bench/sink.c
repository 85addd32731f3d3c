/* An SMTP sink that takes everything and keeps nothing but numbers.

   sink DELAY_MS     prints its port on 127.0.0.1 and serves until its standard input ends;
                     then prints one JSON object: messages, bytes of their content, and when
                     the first connection came and the last message was answered (seconds of
                     CLOCK_MONOTONIC; null if there were none).

   It must cost less than any sender that is measured against it.  So the bytes of all
   connections are read into one buffer and looked at where they lie: what was left over of a
   connection's last read, half a command or the last bytes of a body, is put in front of what
   comes next.  A delay holds back each reply for itself, as the way to a server far off would;
   since it is the same for all, replies wait in the order in which they came up. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 4096, MAX_LINE = 2048, ROOM = 512 * 1024, BLOCK = 4096, OUT = 1024, QUEUE = 1 << 12 };

static const char END[] = "\r\n.\r\n";
enum { END_LENGTH = sizeof END - 1 };

struct connection {
    unsigned life;     /* tells a connection from an earlier one with the same number */
    int in_data;
    size_t kept;       /* bytes of the last read that are not done with */
    char keep[MAX_LINE];
    long long size;    /* of the body so far */
};

struct answer {
    double due;
    int fd, closes, takes;
    unsigned life;
    size_t length;
    char text[OUT];
};

static struct connection connections[MAX_FD];
static struct answer queue[QUEUE]; /* a ring */
static unsigned first_answer, next_answer;
static char area[MAX_LINE + ROOM];
static double delay, started, ended;
static long long messages, bytes;

static void die(const char *what) { perror(what); exit(1); }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void end_connection(int fd)
{
    connections[fd].life++;
    close(fd);
}

static void say(int fd, const struct answer *answer)
{
    /* Replies are tiny and their reader waits for them: a send that does not take them whole has lost its reader. */
    int lost = send(fd, answer->text, answer->length, MSG_NOSIGNAL) != (ssize_t)answer->length;
    if (answer->takes) ended = now();
    if (answer->closes || lost) end_connection(fd);
}

static void say_or_wait(int fd, struct answer *answer)
{
    if (!answer->length) return;
    if (delay == 0) { say(fd, answer); return; }
    answer->due = now() + delay;
    answer->fd = fd;
    answer->life = connections[fd].life;
    if (next_answer - first_answer == QUEUE) { fputs("too many replies wait\n", stderr); exit(1); }
    queue[next_answer++ % QUEUE] = *answer;
}

static void add(struct answer *answer, const char *text)
{
    size_t length = strlen(text);
    if (answer->length + length > OUT) { fputs("too many commands at once\n", stderr); exit(1); }
    memcpy(answer->text + answer->length, text, length);
    answer->length += length;
}

/* Where the end of the data begins, or NULL.  Whole blocks without a line that begins with a
   dot are passed over by a loop that compilers turn into vector instructions. */
static const char *find_end(const char *at, const char *stop)
{
    while (stop - at >= END_LENGTH) {
        size_t starts = stop - at - END_LENGTH + 1, length = starts < BLOCK ? starts : BLOCK;
        unsigned char seen = 0;
        for (size_t i = 0; i < length; i++) seen |= (at[i + 1] == '\n') & (at[i + 2] == '.');
        if (seen)
            for (size_t i = 0; i < length; i++)
                if (!memcmp(at + i, END, END_LENGTH)) return at + i;
        at += length;
    }
    return NULL;
}

static void obey(struct connection *c, struct answer *answer, const char *line)
{
    if (!strncasecmp(line, "DATA", 4)) { c->in_data = 1; c->size = 0; add(answer, "354 go on\r\n"); }
    else if (!strncasecmp(line, "EHLO", 4)) add(answer, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n");
    else if (!strncasecmp(line, "QUIT", 4)) { answer->closes = 1; add(answer, "221 bye\r\n"); }
    else add(answer, "250 ok\r\n");
}

static void take(int fd)
{
    struct connection *c = &connections[fd];
    ssize_t count = recv(fd, area + MAX_LINE, ROOM, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) { end_connection(fd); return; }
    const char *at = area + MAX_LINE - c->kept, *stop = area + MAX_LINE + count, *found;
    memcpy(area + MAX_LINE - c->kept, c->keep, c->kept);
    struct answer answer = {.length = 0};
    while (!answer.closes) {
        if (c->in_data) {
            if (!(found = find_end(at, stop))) {
                const char *rest = stop - at < END_LENGTH ? at : stop - END_LENGTH + 1;
                c->size += rest - at;
                at = rest;
                break;
            }
            bytes += c->size + (found - at);
            messages++;
            c->in_data = 0;
            at = found + END_LENGTH;
            answer.takes = 1;
            add(&answer, "250 taken\r\n");
        } else {
            if (!(found = memmem(at, stop - at, "\r\n", 2))) break;
            obey(c, &answer, at);
            /* The line end after DATA is also that before the first line of the body, which may be the dot. */
            at = c->in_data ? found : found + 2;
        }
    }
    c->kept = stop - at;
    if (c->kept > MAX_LINE) { end_connection(fd); return; }
    memcpy(c->keep, at, c->kept);
    say_or_wait(fd, &answer);
}

static void welcome(int listener, int epoll)
{
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MAX_FD) { fputs("too many connections\n", stderr); exit(1); }
        if (started == 0) started = now();
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[fd] = (struct connection){.life = connections[fd].life + 1};
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
        struct answer answer = {.length = 0};
        add(&answer, "220 sink ESMTP\r\n");
        say_or_wait(fd, &answer);
    }
}

/* Say what is due; returns the milliseconds until more is, -1 for never. */
static int say_due(void)
{
    while (first_answer != next_answer) {
        struct answer *answer = &queue[first_answer % QUEUE];
        double left = answer->due - now();
        if (left > 0) return (int)(left * 1000) + 1;
        first_answer++;
        if (answer->life == connections[answer->fd].life) say(answer->fd, answer);
    }
    return -1;
}

int main(int argc, char **argv)
{
    delay = argc > 1 ? atof(argv[1]) / 1000 : 0;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event)) die("epoll_ctl");
    event.data.fd = STDIN_FILENO;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event)) die("standard input must be a pipe");
    for (int running = 1; running;) {
        int count = epoll_wait(epoll, events, 64, say_due());
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) running = 0;
            else if (fd == listener) welcome(listener, epoll);
            else take(fd);
        }
    }
    printf("{\"messages\": %lld, \"bytes\": %lld, ", messages, bytes);
    if (messages) printf("\"started\": %.6f, \"ended\": %.6f}\n", started, ended);
    else puts("\"started\": null, \"ended\": null}");
    return 0;
}
