#include "tracer/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OLDEST_QEMU = 10 };

static const char *qemu_name(void) {
    const char *name = getenv("POTOROO_QEMU");
    return name && *name ? name : "qemu-system-riscv64";
}

/* ---- version ------------------------------------------------------------------------------------------------------- */

int qemu_check_version(struct err *e) {
    char name[256], text[256] = "";
    snprintf(name, sizeof name, "%s", qemu_name());
    char *argv[] = {name, "--version", NULL};
    struct child_result result = {0};
    int fd = memfd_create("potoroo-version", MFD_CLOEXEC), major = 0;
    if (fd < 0 || child_run(argv, (struct child_limits){.seconds = 20}, fd, -1, &result, e) < 0) {
        if (fd >= 0)
            close(fd);
        return fd < 0 ? err_set(e, ERR_INPUT, "memfd_create: %s", strerror(errno)) : -1;
    }
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    if (sscanf(text, "QEMU emulator version %d", &major) != 1)
        return err_set(e, ERR_INPUT, "%s: cannot tell its version from \"%s\"", name, text);
    if (major < OLDEST_QEMU)
        return err_set(e, ERR_INPUT, "%s is QEMU %d: the board's plugin needs QEMU %d or newer", name, major, OLDEST_QEMU);
    return 0;
}

/* ---- position-independent kernels ----------------------------------------------------------------------------------- */

static const uint64_t ram_base = 0x80000000;

uint64_t qemu_load_bias(const struct image *img) {
    struct image_part p;
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; image_part(img, i, &p); i++)
        lowest = p.paddr < lowest ? p.paddr : lowest;
    return image_moves(img) && lowest < ram_base ? ram_base - lowest : 0;
}

int qemu_place_image(const struct image *img, int ram, uint64_t size, struct err *e) {
    uint64_t bias = qemu_load_bias(img), entry;
    struct image_part p;
    if (!bias)
        return 0;
    if (!image_physical(img, image_entry(img), &entry) || entry + bias != ram_base)
        return err_set(e, ERR_INPUT, "%s: it is position-independent and would be loaded to the beginning of RAM, but does not begin there: its entry is 0x%" PRIx64, image_path(img),
                       image_entry(img));
    for (size_t i = 0; image_part(img, i, &p); i++) {
        uint64_t at = p.paddr + bias - ram_base;
        const uint8_t *bytes = image_at(img, p.lo, p.filled);
        if (p.hi - p.lo > size || at > size - (p.hi - p.lo) || !bytes)
            return err_set(e, ERR_INPUT, "%s: 0x%" PRIx64 "-0x%" PRIx64 " does not fit into the board's RAM", image_path(img), p.lo, p.hi);
        if (pwrite(ram, bytes, p.filled, (off_t)at) != (ssize_t)p.filled)
            return err_set(e, ERR_INPUT, "writing the guest's RAM: %s", strerror(errno));
    }
    return 0;
}

/* ---- what the plugin must be told ---------------------------------------------------------------------------------- */

/* The buffer's section is not loaded, so no program header need cover it: it is then taken to lie at the same distance from its
 * physical address as the nearest symbol below that is loaded. The plugin looks for the buffer's magic there, so a wrong guess
 * shows as an empty trace, which is an error. */
int qemu_find_buffer(const struct image *img, uint64_t *paddr, struct err *e) {
    const struct symbol *symbols, *buffer = image_symbol(img, "potoroo_buffer");
    const struct point *unused;
    size_t n = image_symbols(img, &symbols);
    if (!buffer)
        return err_set(e, ERR_INPUT, image_points(img, &unused) ? "%s: it has probes, but no potoroo_buffer: link tracer/target/potoroo.c, and put the macros of potoroo.h into boot and "
                                                                  "trap vector (--points=port needs neither)"
                                                                : "%s: it defines no potoroo_buffer, so there are no probes to trace (--points=port needs none)",
                       image_path(img));
    if (image_physical(img, buffer->addr, paddr))
        return 0;
    while (n-- > 0)
        if (symbols[n].addr < buffer->addr && image_physical(img, symbols[n].addr, paddr)) {
            *paddr += buffer->addr - symbols[n].addr;
            return 0;
        }
    return err_set(e, ERR_INPUT, "%s: the physical address of potoroo_buffer is not known", image_path(img));
}

static int find_plugin(char **path, struct err *e) {
    static const char *const places[] = {"platform", "../platform", "../lib/potoroo"};
    const char *set = getenv("POTOROO_PLUGIN");
    char self[4096];
    if (set && *set) {
        *path = str_dup(set);
        return access(set, R_OK) == 0 ? 0 : err_set(e, ERR_INPUT, "POTOROO_PLUGIN: %s: %s", set, strerror(errno));
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        *path = str_printf("%.*s/%s/potoroo-platform.so", (int)(slash - self), self, places[i]);
        if (access(*path, R_OK) == 0)
            return 0;
        free(*path);
        *path = NULL;
    }
    return err_set(e, ERR_INPUT, "potoroo-platform.so is not beside the potoroo program: set POTOROO_PLUGIN to where it is");
}

/* "LOW-HIGH" as the plugin wants it, from a symbol with a size or from two numbers. */
static int find_range(const struct image *img, const char *text, char **range, struct err *e) {
    char *copy = str_dup(text), *dash = strchr(copy, '-');
    uint64_t low, high;
    if (dash)
        *dash = 0;
    bool numbers = dash && parse_u64(copy, &low) == 0 && parse_u64(dash + 1, &high) == 0 && low < high;
    free(copy);
    if (!numbers) {
        const struct symbol *s = image_symbol(img, text);
        if (!s || !s->size)
            return err_set(e, ERR_INPUT, "--range %s: %s", text, s ? "this symbol has no size" : "neither a symbol of the kernel nor LOW-HIGH");
        low = s->addr;
        high = s->addr + s->size;
    }
    *range = str_printf("0x%" PRIx64 "-0x%" PRIx64, low, high);
    return 0;
}

/* ---- the line ------------------------------------------------------------------------------------------------------ */

static void add(struct qemu_line *l, const char *word) { vec_push(&l->argv, str_dup(word)); }

/* QEMU separates options by commas; a doubled one stands for itself. */
static char *escape(const char *value) {
    char *out = mem_alloc(2 * strlen(value) + 1), *p = out;
    for (; *value; value++) {
        if (*value == ',')
            *p++ = ',';
        *p++ = *value;
    }
    return out;
}

/* TEXT grows by ",KEY=VALUE". */
static void option(char **text, const char *key, const char *value) {
    char *safe = escape(value), *old = *text;
    *text = str_printf("%s,%s=%s", old, key, safe);
    free(old);
    free(safe);
}

/* The port tells of code by the ELF's addresses, wherever it is mapped. A kernel without probes may use all RAM: then there is no counter in it. */
static void image_options(char **text, const struct run_options *o, const struct image *img, bool port_alone) {
    struct image_part p;
    const struct point *unused;
    for (size_t i = 0; image_part(img, i, &p); i++) {
        char *part = str_printf("0x%" PRIx64 "-0x%" PRIx64 "@0x%" PRIx64, p.lo, p.hi, p.paddr + qemu_load_bias(img));
        if (p.code)
            option(text, "image", part);
        free(part);
    }
    if (port_alone && !o->truth && image_points(img, &unused) == 0)
        option(text, "counter", "no");
}

static int plugin_option(char **text, const struct run_options *o, const struct image *img, const struct qemu_files *f, struct err *e) {
    uint64_t buffer;
    char *plugin, *range = NULL, address[32];
    if (find_plugin(&plugin, e) < 0)
        return -1;
    *text = escape(plugin);
    free(plugin);
    option(text, "platform", o->platform);
    option(text, "ram", f->ram);
    if (o->truth)
        option(text, "truth", o->truth);
    if (f->trace) {
        if (qemu_find_buffer(img, &buffer, e) < 0)
            return -1;
        snprintf(address, sizeof address, "0x%" PRIx64, buffer);
        option(text, "buffer", address);
        option(text, "trace", f->trace);
    }
    if (o->cycles) {
        snprintf(address, sizeof address, "%" PRIu64, o->cycles);
        option(text, "cycles", address);
    }
    if (!f->port)
        return 0;
    option(text, "port", f->port);
    image_options(text, o, img, !f->trace);
    if (f->points)
        option(text, "points", f->points);
    for (const char *const *r = o->ranges; r && *r; r++) {
        if (find_range(img, *r, &range, e) < 0)
            return -1;
        option(text, "range", range);
        free(range);
    }
    return 0;
}

static void add_console(struct qemu_line *l, const char *console) {
    bool out = console && strcmp(console, "-") == 0;
    char *text = console && !out ? str_dup("file,id=console") : str_dup(out ? "stdio,id=console,signal=off" : "null,id=console");
    if (console && !out)
        option(&text, "path", console);
    add(l, "-chardev");
    vec_push(&l->argv, text);
    add(l, "-serial");
    add(l, "chardev:console");
}

static void add_words(struct qemu_line *l, const char *text) {
    while (*text) {
        while (isspace((unsigned char)*text))
            text++;
        size_t n = 0;
        while (text[n] && !isspace((unsigned char)text[n]))
            n++;
        if (n)
            vec_push(&l->argv, strndup(text, n));
        text += n;
    }
}

static void add_board(struct qemu_line *l, const struct platform *p, const char *ram) {
    static const char *const fixed[] = {"-M", "virt,memory-backend=ram", "-bios", "none", "-icount", "shift=0,sleep=off", "-display", "none",
                                        "-monitor", "none", "-no-reboot", NULL};
    add(l, qemu_name());
    for (const char *const *f = fixed; *f; f++)
        add(l, *f);
    char *backend = str_printf("memory-backend-file,id=ram,share=on,size=%" PRIu64, p->ram);
    option(&backend, "mem-path", ram);
    add(l, "-object");
    vec_push(&l->argv, backend);
    add(l, "-m");
    vec_push(&l->argv, str_printf("%" PRIu64 "B", p->ram));
}

int qemu_line_make(struct qemu_line *l, const struct run_options *o, const struct platform *p, const struct image *img,
                   const struct qemu_files *files, struct err *e) {
    char *plugin = NULL;
    if (plugin_option(&plugin, o, img, files, e) < 0) {
        free(plugin);
        return -1;
    }
    add_board(l, p, files->ram);
    add_console(l, o->console);
    if (!qemu_load_bias(img)) {
        add(l, "-kernel");
        add(l, o->kernel);
    }
    add(l, "-plugin");
    vec_push(&l->argv, plugin);
    add_words(l, p->qemu);
    for (char *const *a = o->qemu_args; a && *a; a++)
        add(l, *a);
    vec_push(&l->argv, NULL);
    return 0;
}

int qemu_line_make_bare(struct qemu_line *l, const char *platform, const struct platform *p, const char *ram, struct err *e) {
    char *plugin, *text;
    if (find_plugin(&plugin, e) < 0)
        return -1;
    text = escape(plugin);
    free(plugin);
    option(&text, "platform", platform);
    option(&text, "ram", ram);
    add_board(l, p, ram);
    add_console(l, NULL);
    add(l, "-plugin");
    vec_push(&l->argv, text);
    add_words(l, p->qemu);
    vec_push(&l->argv, NULL);
    return 0;
}

void qemu_line_free(struct qemu_line *l) {
    for (size_t i = 0; i < l->argv.len; i++)
        free(l->argv.data[i]);
    vec_free(&l->argv);
}
