/* A web server that needs no library at run time: one connection after the other, one answer each. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void finish(int number) {
    (void)number;
    _exit(0);
}

static void answer(int client, const char *status, const char *kind, const char *body) {
    char text[1024];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          status, kind, strlen(body), body);
    for (int sent = 0; sent < length;) {
        ssize_t more = send(client, text + sent, (size_t)(length - sent), 0);
        if (more <= 0) return;
        sent += (int)more;
    }
}

static void serve(int client) {
    char request[8192];
    size_t held = 0;
    struct timeval patience = {5, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    request[0] = 0;
    while (!strstr(request, "\r\n\r\n") && held < sizeof request - 1) {
        ssize_t more = recv(client, request + held, sizeof request - 1 - held, 0);
        if (more <= 0) return;
        held += (size_t)more;
        request[held] = 0;
    }
    char body[512];
    if (!strncmp(request, "GET /health ", 12) || !strncmp(request, "GET /health?", 12)) {
        snprintf(body, sizeof body, "{\"status\": \"ok\", \"region\": \"%.60s\", \"machine\": \"%.60s\"}",
                 setting("FLY_REGION", "nowhere"), setting("FLY_MACHINE_ID", "none"));
        answer(client, "200 OK", "application/json", body);
    } else if (!strncmp(request, "GET / ", 6)) {
        snprintf(body, sizeof body, "binary in %.60s\n", setting("FLY_REGION", "nowhere"));
        answer(client, "200 OK", "text/plain", body);
    } else {
        answer(client, "404 Not Found", "text/plain", "not found\n");
    }
}

int main(int count, char **words) {
    struct sockaddr_in address = {0};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGTERM, finish);
    signal(SIGINT, finish);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(setting("HOST", "0.0.0.0"));
    address.sin_port = htons((unsigned short)atoi(count > 1 ? words[1] : "8080"));
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
        perror("cannot listen");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        serve(client);
        close(client);
    }
}
