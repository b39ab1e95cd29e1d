/*
 * main.c - the cdp command: its first word names one of the commands below.
 */
#include "cli.h"

#include <cdp/cdp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static command_fn help_command, version_command;

static const struct command {
    const char *name, *summary;
    command_fn *run;
} commands[] = {
    { "run", "run a script that debuggers can inspect, as node does", run_command },
    { "help", "tell what a command does", help_command },
    { "version", "tell the version", version_command },
};

int complain(int status, const char *fmt, ...)
{
    va_list args;

    fputs("cdp: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int call_command(int argc, char **argv)
{
    const struct command *c = find_command(argv[0]);

    if (!c)
        return complain(STATUS_USAGE, "there is no command '%s'; see 'cdp help'", argv[0]);
    return c->run(argc, argv);
}

static int print_help(void)
{
    printf("usage: cdp COMMAND [arguments]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %-10s%s\n", commands[i].name, commands[i].summary);
    printf("\n'cdp help COMMAND' tells more.\n");
    return 0;
}

static int help_command(int argc, char **argv)
{
    char help[] = "--help";

    if (argc < 2 || find_command(argv[1]) == find_command("help"))
        return print_help();
    char *words[] = { argv[1], help, NULL };
    return call_command(2, words);
}

static int version_command(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("cdpkit %d.%d.%d\n", CDP_VERSION_MAJOR, CDP_VERSION_MINOR, CDP_VERSION_PATCH);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)
        return version_command(argc, argv);
    return call_command(argc - 1, argv + 1);
}
