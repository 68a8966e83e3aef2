/* The plugin: arguments, start and end. docs/PLATFORM.md tells what the arguments mean. */
#include "tracer/platform/board.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = QEMU_PLUGIN_API_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

struct board board;

void board_fatal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("potoroo-platform: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(3);
}

/* ---- arguments --------------------------------------------------------------------------------------------------------------- */

static uint64_t parse_number(const char *argument, const char *text, char **end)
{
    errno = 0;
    uint64_t v = strtoull(text, end, 0);
    if (errno || *end == text || *text == '-') board_fatal("%s: not a number", argument);
    return v;
}

static void parse_range(const char *argument, const char *text)
{
    char *end;
    if (board.n_ranges == sizeof board.ranges / sizeof *board.ranges) board_fatal("%s: more than %zu ranges", argument, board.n_ranges);
    struct range *r = &board.ranges[board.n_ranges++];
    r->low = parse_number(argument, text, &end);
    if (*end != '-') board_fatal("%s: must be range=LOW-HIGH", argument);
    r->high = parse_number(argument, end + 1, &end);
    if (*end || r->high <= r->low) board_fatal("%s: must be range=LOW-HIGH, HIGH beyond LOW", argument);
}

/* LOW-HIGH@PADDR */
static void parse_image(const char *argument, const char *text)
{
    char *end;
    if (board.n_image == sizeof board.image / sizeof *board.image) board_fatal("%s: more than %zu parts", argument, board.n_image);
    struct image_part *p = &board.image[board.n_image++];
    p->low = parse_number(argument, text, &end);
    if (*end != '-') board_fatal("%s: must be image=LOW-HIGH@ADDRESS", argument);
    p->high = parse_number(argument, end + 1, &end);
    if (*end != '@' || p->high <= p->low) board_fatal("%s: must be image=LOW-HIGH@ADDRESS, HIGH beyond LOW", argument);
    p->paddr = parse_number(argument, end + 1, &end);
    if (*end) board_fatal("%s: must be image=LOW-HIGH@ADDRESS", argument);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void load_points(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st)) board_fatal("%s: %s", path, strerror(errno));
    size_t n = (size_t)st.st_size / sizeof *board.points;
    if (st.st_size % (off_t)sizeof *board.points) board_fatal("%s: not a whole number of 8-byte addresses", path);
    board.points = malloc((n + 1) * sizeof *board.points);
    if (!board.points || fread(board.points, sizeof *board.points, n, f) != n) board_fatal("%s: cannot be read", path);
    fclose(f);
    qsort(board.points, n, sizeof *board.points, compare_u64);
    board.n_points = n;
}

static const char *value_of(const char *argument, const char *key)
{
    size_t n = strlen(key);
    return !strncmp(argument, key, n) && argument[n] == '=' ? argument + n + 1 : NULL;
}

static void load_platform(const char *path)
{
    char error[PLATFORM_ERROR_SIZE];
    if (platform_load(path, &board.platform, error)) board_fatal("%s", error);
}

static void parse_argument(const char *argument)
{
    const char *v;
    char *end;
    if ((v = value_of(argument, "platform"))) load_platform(v);
    else if ((v = value_of(argument, "ram"))) board.ram_path = v;
    else if ((v = value_of(argument, "buffer"))) {
        board.buffer = parse_number(argument, v, &end);
        if (*end || board.buffer % 8) board_fatal("%s: not an address of a struct potoroo_buffer", argument);
    }
    else if ((v = value_of(argument, "trace"))) board.trace_path = v;
    else if ((v = value_of(argument, "port"))) board.port_path = v;
    else if ((v = value_of(argument, "points"))) load_points(v);
    else if ((v = value_of(argument, "range"))) parse_range(argument, v);
    else if ((v = value_of(argument, "image"))) parse_image(argument, v);
    else if ((v = value_of(argument, "counter"))) {
        if (strcmp(v, "no")) board_fatal("%s: must be counter=no", argument);
        board.counterless = true;
    }
    else if ((v = value_of(argument, "truth"))) board.truth_path = v;
    else if ((v = value_of(argument, "cycles"))) {
        board.stop = parse_number(argument, v, &end);
        if (*end || !board.stop) board_fatal("%s: not a number of cycles", argument);
    }
    else board_fatal("unknown argument %s", argument);
}

static void check_arguments(void)
{
    if (!board.platform.isa[0]) board_fatal("platform=FILE is missing");
    if (!board.ram_path) board_fatal("ram=FILE is missing");
    if (!board.trace_path != !board.buffer) board_fatal("trace=PATH and buffer=ADDRESS go together");
    if ((board.points || board.n_ranges || board.n_image) && !board.port_path) board_fatal("points=, range= and image= need port=PATH");
    if (board.counterless && board.trace_path) board_fatal("counter=no: probes need the counter");
    if (board.counterless) board.platform.counter = 0;
}

/* ---- the RAM file ------------------------------------------------------------------------------------------------------------ */

static void check_in_ram(const char *what, uint64_t low, uint64_t size)
{
    if (size && (low < RAM_BASE || size > board.ram_size || low - RAM_BASE > board.ram_size - size))
        board_fatal("%s 0x%" PRIx64 " lies outside RAM (%" PRIu64 " bytes at 0x%x)", what, low, board.ram_size, RAM_BASE);
}

static void map_ram(void)
{
    struct stat st;
    int fd = open(board.ram_path, O_RDWR);
    if (fd < 0 || fstat(fd, &st)) board_fatal("%s: %s", board.ram_path, strerror(errno));
    board.ram_size = (uint64_t)st.st_size;
    if (board.platform.ram && board.platform.ram != board.ram_size)
        board_fatal("%s has %" PRIu64 " bytes, the platform's [memory] ram says %" PRIu64, board.ram_path, board.ram_size, board.platform.ram);
    board.ram = mmap(NULL, board.ram_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board.ram == MAP_FAILED) board_fatal("%s: %s", board.ram_path, strerror(errno));
    close(fd);
    check_in_ram("[uncached]", board.platform.uncached_base, board.platform.uncached_size);
    check_in_ram("[counter]", board.platform.counter, board.platform.counter ? 4096 : 0);
    check_in_ram("buffer", board.buffer, board.buffer ? 40 : 0);
}

/* ---- life -------------------------------------------------------------------------------------------------------------------- */

static void on_vcpu_init(qemu_plugin_id_t id, unsigned vcpu)
{
    map_ram(); /* QEMU has made the file by now */
    flow_init_registers(id, vcpu);
    timing_init();
    output_open();
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *user)
{
    (void)id;
    (void)user;
    if (board.ram) output_close();
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (!info->system_emulation || strcmp(info->target_name, "riscv64")) board_fatal("needs qemu-system-riscv64, this is %s", info->target_name);
    if (info->version.cur < QEMU_PLUGIN_API_VERSION) board_fatal("needs QEMU 10 or newer (its plugin interface is version %d)", info->version.cur);
    if (info->system.smp_vcpus != 1) board_fatal("the board has one hart: -smp 1");
    for (int i = 0; i < argc; i++) parse_argument(argv[i]);
    check_arguments();
    qemu_plugin_register_vcpu_init_cb(id, on_vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate_block);
    qemu_plugin_register_flush_cb(id, translate_flush);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
