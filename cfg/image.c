/* The ELF image. Every offset of the file is checked here, once, before libelf or anything else follows it. */
#include "cfg/cfg.h"
#include "cfg/image.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>

enum { MOST_SEGMENTS = 256 }; /* looked up one by one */

struct segment {
    uint64_t vaddr, paddr, filesz, memsz, offset;
    bool write, exec;
};

struct section {
    uint64_t addr, size;
    bool write, exec, bits; /* bits: occupies the file */
};

struct position {
    uint64_t addr;
    const char *file;
    size_t order; /* in the line table: of several entries for one address the last one holds */
    int line; /* 0: the address is where a sequence of the line table ends */
};

struct image {
    char *path, *build_id;
    char *data;
    size_t size;
    Elf *elf;
    uint64_t entry;
    bool relocatable; /* ET_DYN */
    struct map pointers; /* of a relocatable image: the words that relocations make addresses */
    VEC(struct segment) segments;
    VEC(struct section) sections; /* allocated ones, sorted by address; empty: section headers are absent */
    VEC(struct range) code;
    struct range relro; /* nobody writes it once the program is relocated */
    VEC(struct symbol) symbols;
    VEC(struct point) points;
    bool port;
    struct arena *arena;
    /* DWARF is read at the first question. */
    bool lines_read;
    Dwarf *dwarf;
    VEC(struct position) lines;
};

/* ---- the file's headers ----------------------------------------------------------------------------------------- */

static int refuse(struct image *img, struct err *e, const char *why) {
    return err_set(e, ERR_INPUT, "%s: %s", img->path, why);
}

static void read_relro(struct image *img, const Elf64_Ehdr *h) {
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, img->data + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type == PT_GNU_RELRO && p.p_vaddr + p.p_memsz > p.p_vaddr)
            img->relro = (struct range){p.p_vaddr, p.p_vaddr + p.p_memsz};
    }
}

static int check_ident(struct image *img, struct err *e) {
    const unsigned char *d = (const unsigned char *)img->data;
    if (img->size < SELFMAG || memcmp(d, ELFMAG, SELFMAG) != 0)
        return refuse(img, e, "not an ELF file");
    if (img->size < EI_NIDENT)
        return refuse(img, e, "truncated: it ends inside the ELF header");
    if (d[EI_CLASS] != ELFCLASS64)
        return refuse(img, e, d[EI_CLASS] == ELFCLASS32 ? "a 32-bit ELF; potoroo reads 64-bit RISC-V" : "of an unknown ELF class");
    if (d[EI_DATA] != ELFDATA2LSB)
        return refuse(img, e, "a big-endian ELF; potoroo reads little-endian RISC-V");
    if (img->size < sizeof(Elf64_Ehdr))
        return refuse(img, e, "truncated: it ends inside the ELF header");
    return 0;
}

static int check_header(struct image *img, const Elf64_Ehdr *h, struct err *e) {
    if (h->e_machine != EM_RISCV)
        return err_set(e, ERR_INPUT, "%s: for ELF machine %u, not RISC-V (%u)", img->path, h->e_machine, EM_RISCV);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return err_set(e, ERR_INPUT, "%s: of ELF type %u, not a linked executable", img->path, h->e_type);
    if (h->e_version != EV_CURRENT)
        return refuse(img, e, "of an unknown ELF version");
    if (h->e_phnum == 0 || h->e_phnum == PN_XNUM || h->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(img, e, "without usable program headers");
    if (h->e_phoff > img->size || h->e_phnum * sizeof(Elf64_Phdr) > img->size - h->e_phoff)
        return refuse(img, e, "truncated: the program headers lie beyond its end");
    if (!h->e_shoff)
        return 0;
    if (h->e_shentsize != sizeof(Elf64_Shdr))
        return refuse(img, e, "with section headers of an unknown size");
    uint64_t count = h->e_shnum ? h->e_shnum : 1;
    if (h->e_shoff > img->size || count * sizeof(Elf64_Shdr) > img->size - h->e_shoff)
        return refuse(img, e, "truncated: the section headers lie beyond its end");
    return 0;
}

static bool wraps(uint64_t base, uint64_t size) { return size && base + size - 1 < base; }

static int read_segments(struct image *img, const Elf64_Ehdr *h, struct err *e) {
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, img->data + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_LOAD)
            continue;
        if (p.p_offset > img->size || p.p_filesz > img->size - p.p_offset)
            return err_set(e, ERR_INPUT, "%s: truncated: segment %u lies beyond its end", img->path, i);
        if (p.p_filesz > p.p_memsz || wraps(p.p_vaddr, p.p_memsz) || wraps(p.p_paddr, p.p_memsz))
            return err_set(e, ERR_INPUT, "%s: segment %u has impossible addresses", img->path, i);
        struct segment s = {.vaddr = p.p_vaddr, .paddr = p.p_paddr, .filesz = p.p_filesz, .memsz = p.p_memsz, .offset = p.p_offset,
                            .write = p.p_flags & PF_W, .exec = p.p_flags & PF_X};
        vec_push(&img->segments, s);
        if (img->segments.len > MOST_SEGMENTS)
            return refuse(img, e, "with more loadable segments than any linker makes");
    }
    return img->segments.len ? 0 : refuse(img, e, "without a loadable segment");
}

static int by_address(const void *a, const void *b) {
    uint64_t x = ((const struct section *)a)->addr, y = ((const struct section *)b)->addr;
    return x < y ? -1 : x > y;
}

static int read_sections(struct image *img, struct err *e) {
    for (Elf_Scn *s = elf_nextscn(img->elf, NULL); s; s = elf_nextscn(img->elf, s)) {
        GElf_Shdr h;
        if (!gelf_getshdr(s, &h))
            return refuse(img, e, "with a damaged section header");
        if (h.sh_type != SHT_NOBITS && h.sh_type != SHT_NULL && (h.sh_offset > img->size || h.sh_size > img->size - h.sh_offset))
            return err_set(e, ERR_INPUT, "%s: truncated: section %zu lies beyond its end", img->path, elf_ndxscn(s));
        if (!(h.sh_flags & SHF_ALLOC) || wraps(h.sh_addr, h.sh_size))
            continue;
        struct section c = {.addr = h.sh_addr, .size = h.sh_size, .write = h.sh_flags & SHF_WRITE,
                            .exec = h.sh_flags & SHF_EXECINSTR, .bits = h.sh_type != SHT_NOBITS};
        if (c.size)
            vec_push(&img->sections, c);
    }
    if (img->sections.len)
        qsort(img->sections.data, img->sections.len, sizeof *img->sections.data, by_address);
    return 0;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------- */

static const struct segment *segment_at(const struct image *img, uint64_t addr) {
    for (size_t i = 0; i < img->segments.len; i++)
        if (addr - img->segments.data[i].vaddr < img->segments.data[i].memsz)
            return &img->segments.data[i];
    return NULL;
}

const uint8_t *image_at(const struct image *img, uint64_t addr, size_t size) {
    const struct segment *s = segment_at(img, addr);
    if (!s)
        return NULL;
    uint64_t at = addr - s->vaddr;
    if (at > s->filesz || size > s->filesz - at)
        return NULL;
    return (const uint8_t *)img->data + s->offset + at;
}

bool image_memory(const struct image *img, size_t i, uint64_t *lo, uint64_t *hi) {
    for (size_t k = 0; k < img->segments.len; k++) {
        const struct segment *s = &img->segments.data[k];
        if (!s->write || i-- > 0)
            continue;
        *lo = s->vaddr;
        *hi = s->vaddr + s->memsz;
        return true;
    }
    return false;
}

bool image_physical(const struct image *img, uint64_t addr, uint64_t *paddr) {
    const struct segment *s = segment_at(img, addr);
    if (!s)
        return false;
    *paddr = s->paddr + (addr - s->vaddr);
    return true;
}

bool image_part(const struct image *img, size_t i, struct image_part *part) {
    if (i >= img->segments.len)
        return false;
    const struct segment *s = &img->segments.data[i];
    *part = (struct image_part){s->vaddr, s->vaddr + s->memsz, s->paddr, s->filesz < s->memsz ? s->filesz : s->memsz, false};
    for (size_t c = 0; c < img->code.len; c++)
        part->code |= img->code.data[c].lo < part->hi && img->code.data[c].hi > part->lo;
    return true;
}

bool image_moves(const struct image *img) { return img->relocatable; }

static int range_order(const void *a, const void *b) {
    uint64_t x = ((const struct range *)a)->lo, y = ((const struct range *)b)->lo;
    return x < y ? -1 : x > y;
}

/* Sorted, disjoint, and joined where they touch. */
static void join_ranges(struct image *img) {
    if (!img->code.len)
        return;
    qsort(img->code.data, img->code.len, sizeof *img->code.data, range_order);
    size_t n = 1;
    for (size_t i = 1; i < img->code.len; i++) {
        struct range *last = &img->code.data[n - 1], r = img->code.data[i];
        if (r.lo > last->hi)
            img->code.data[n++] = r;
        else if (r.hi > last->hi)
            last->hi = r.hi;
    }
    img->code.len = n;
}

/* Code is what an executable section holds of the file or, without section headers, an executable segment. */
static void find_code(struct image *img) {
    for (size_t i = 0; i < img->sections.len; i++) {
        const struct section *s = &img->sections.data[i];
        struct range r = {s->addr & ~(uint64_t)1, s->addr + s->size};
        if (s->exec && s->bits && image_at(img, s->addr, s->size))
            vec_push(&img->code, r);
    }
    for (size_t i = 0; i < img->segments.len && !img->sections.len; i++) {
        const struct segment *s = &img->segments.data[i];
        struct range r = {s->vaddr & ~(uint64_t)1, s->vaddr + s->filesz};
        if (s->exec && s->filesz)
            vec_push(&img->code, r);
    }
    join_ranges(img);
}

size_t image_code(const struct image *img, const struct range **ranges) {
    *ranges = img->code.data;
    return img->code.len;
}

bool image_is_code(const struct image *img, uint64_t addr) {
    size_t lo = 0, hi = img->code.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (img->code.data[mid].hi <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < img->code.len && img->code.data[lo].lo <= addr;
}

uint64_t image_code_size(const struct image *img) {
    uint64_t size = 0;
    for (size_t i = 0; i < img->code.len; i++)
        size += img->code.data[i].hi - img->code.data[i].lo;
    return size;
}

static const struct section *section_at(const struct image *img, uint64_t addr) {
    size_t lo = 0, hi = img->sections.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (img->sections.data[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct section *s = lo ? &img->sections.data[lo - 1] : NULL;
    return s && addr - s->addr < s->size ? s : NULL;
}

/* With section headers a read-only section is believed even inside a writable segment, as bare-metal linker scripts make them. */
bool image_is_constant(const struct image *img, uint64_t addr, size_t size) {
    const struct segment *g = segment_at(img, addr);
    if (!g || !image_at(img, addr, size))
        return false;
    if (addr >= img->relro.lo && addr < img->relro.hi && size <= img->relro.hi - addr)
        return true;
    const struct section *s = section_at(img, addr);
    if (s && size <= s->size - (addr - s->addr))
        return !s->write;
    return !g->write;
}

bool image_may_point(const struct image *img, uint64_t addr) {
    uint64_t v;
    return !img->relocatable || map_get(&img->pointers, addr, &v);
}

size_t image_data(const struct image *img, size_t i, uint64_t *addr, const uint8_t **bytes) {
    if (i >= img->segments.len)
        return 0;
    const struct segment *s = &img->segments.data[i];
    *addr = s->vaddr;
    *bytes = (const uint8_t *)img->data + s->offset;
    return s->filesz ? s->filesz : SIZE_MAX;
}

/* ---- symbols, points, build-id ------------------------------------------------------------------------------------- */

static int symbol_order(const void *a, const void *b) {
    const struct symbol *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    int c = strcmp(x->name, y->name);
    return c ? c : (int)y->function - (int)x->function;
}

static bool symbol_matters(const GElf_Sym *s, const char *name) {
    unsigned type = GELF_ST_TYPE(s->st_info);
    if (s->st_shndx == SHN_UNDEF || !name || !*name || name[0] == '$' || strncmp(name, ".L", 2) == 0)
        return false;
    return type == STT_FUNC || type == STT_NOTYPE || type == STT_OBJECT;
}

static void add_symbols(struct image *img, Elf_Scn *scn, const GElf_Shdr *h) {
    Elf_Data *d = elf_getdata(scn, NULL);
    size_t n = d && h->sh_entsize == sizeof(Elf64_Sym) ? d->d_size / sizeof(Elf64_Sym) : 0;
    for (size_t i = 0; i < n; i++) {
        GElf_Sym s;
        if (!gelf_getsym(d, (int)i, &s))
            return;
        const char *name = elf_strptr(img->elf, h->sh_link, s.st_name);
        if (!symbol_matters(&s, name))
            continue;
        struct symbol sym = {.name = name, .addr = s.st_value, .size = s.st_size, .function = GELF_ST_TYPE(s.st_info) == STT_FUNC,
                             .object = GELF_ST_TYPE(s.st_info) == STT_OBJECT};
        vec_push(&img->symbols, sym);
    }
}

static void read_symbols(struct image *img) {
    for (unsigned type = SHT_SYMTAB; !img->symbols.len; type = SHT_DYNSYM) {
        for (Elf_Scn *s = elf_nextscn(img->elf, NULL); s; s = elf_nextscn(img->elf, s)) {
            GElf_Shdr h;
            if (gelf_getshdr(s, &h) && h.sh_type == type)
                add_symbols(img, s, &h);
        }
        if (type == SHT_DYNSYM)
            break;
    }
    if (!img->symbols.len)
        return;
    qsort(img->symbols.data, img->symbols.len, sizeof *img->symbols.data, symbol_order);
    size_t n = 1;
    for (size_t i = 1; i < img->symbols.len; i++) {
        struct symbol *last = &img->symbols.data[n - 1], s = img->symbols.data[i];
        if (s.addr != last->addr || strcmp(s.name, last->name) != 0)
            img->symbols.data[n++] = s;
    }
    img->symbols.len = n;
}

size_t image_symbols(const struct image *img, const struct symbol **symbols) {
    *symbols = img->symbols.data;
    return img->symbols.len;
}

size_t image_symbol_count(const struct image *img, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < img->symbols.len; i++)
        n += strcmp(img->symbols.data[i].name, name) == 0;
    return n;
}

const struct symbol *image_symbol(const struct image *img, const char *name) {
    for (size_t i = 0; i < img->symbols.len; i++)
        if (strcmp(img->symbols.data[i].name, name) == 0)
            return &img->symbols.data[i];
    return NULL;
}

static int point_order(const void *a, const void *b) {
    const struct point *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static int add_points(struct image *img, const char *data, size_t size, struct err *e) {
    if (size % 16)
        return err_set(e, ERR_INPUT, "%s: section .potoroo.points: its size %zu is no multiple of 16", img->path, size);
    for (size_t at = 0; at < size; at += 16) {
        uint64_t v[2];
        memcpy(v, data + at, sizeof v);
        if (!v[0])
            continue;
        if (v[1] > POINT_SWITCH)
            return err_set(e, ERR_INPUT, "%s: section .potoroo.points: offset %zu: unknown kind %" PRIu64, img->path, at, v[1]);
        if (!image_is_code(img, v[0]) || v[0] & 1)
            return err_set(e, ERR_INPUT, "%s: section .potoroo.points: offset %zu: 0x%" PRIx64 " is not in code", img->path, at, v[0]);
        struct point p = {.addr = v[0], .kind = (enum point_kind)v[1]};
        vec_push(&img->points, p);
    }
    return 0;
}

static int read_points(struct image *img, struct err *e) {
    size_t names;
    if (elf_getshdrstrndx(img->elf, &names) < 0)
        return 0;
    for (Elf_Scn *s = elf_nextscn(img->elf, NULL); s; s = elf_nextscn(img->elf, s)) {
        GElf_Shdr h;
        const char *name = gelf_getshdr(s, &h) ? elf_strptr(img->elf, names, h.sh_name) : NULL;
        if (!name || strcmp(name, ".potoroo.points") != 0 || h.sh_type == SHT_NOBITS)
            continue;
        if (add_points(img, img->data + h.sh_offset, h.sh_size, e) < 0)
            return -1;
    }
    if (!img->points.len)
        return 0;
    qsort(img->points.data, img->points.len, sizeof *img->points.data, point_order);
    size_t n = 1;
    for (size_t i = 1; i < img->points.len; i++) {
        const struct point *last = &img->points.data[n - 1], p = img->points.data[i];
        if (p.addr == last->addr && p.kind != last->kind)
            return err_set(e, ERR_INPUT, "%s: section .potoroo.points: 0x%" PRIx64 " is of two kinds", img->path, p.addr);
        if (p.addr != last->addr)
            img->points.data[n++] = p;
    }
    img->points.len = n;
    return 0;
}

void image_use_port(struct image *img) { img->port = true; }
bool image_has_port(const struct image *img) { return img->port; }

size_t image_points(const struct image *img, const struct point **points) {
    *points = img->points.data;
    return img->points.len;
}

static char *hex(struct arena *a, const unsigned char *bytes, size_t n) {
    char *s = arena_alloc(a, 2 * n + 1);
    for (size_t i = 0; i < n; i++)
        sprintf(s + 2 * i, "%02x", bytes[i]);
    return s;
}

/* A GNU build-id note among the SIZE bytes at offset AT, or NULL. */
static char *note_build_id(struct image *img, uint64_t at, uint64_t size) {
    if (at > img->size || size > img->size - at)
        return NULL;
    const unsigned char *p = (unsigned char *)img->data + at;
    while (size >= 12) {
        uint32_t h[3];
        memcpy(h, p, sizeof h);
        uint64_t name = ((uint64_t)h[0] + 3) & ~3ull, desc = ((uint64_t)h[1] + 3) & ~3ull;
        if (name > size - 12 || desc > size - 12 - name)
            return NULL;
        if (h[2] == NT_GNU_BUILD_ID && h[0] == 4 && memcmp(p + 12, "GNU", 4) == 0 && h[1] && h[1] <= 64)
            return hex(img->arena, p + 12 + name, h[1]);
        p += 12 + name + desc;
        size -= 12 + name + desc;
    }
    return NULL;
}

static void find_build_id(struct image *img, const Elf64_Ehdr *h) {
    for (Elf_Scn *s = elf_nextscn(img->elf, NULL); s && !img->build_id; s = elf_nextscn(img->elf, s)) {
        GElf_Shdr sh;
        if (gelf_getshdr(s, &sh) && sh.sh_type == SHT_NOTE)
            img->build_id = note_build_id(img, sh.sh_offset, sh.sh_size);
    }
    for (unsigned i = 0; i < h->e_phnum && !img->build_id; i++) {
        Elf64_Phdr p;
        memcpy(&p, img->data + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type == PT_NOTE)
            img->build_id = note_build_id(img, p.p_offset, p.p_filesz);
    }
    if (!img->build_id)
        img->build_id = arena_printf(img->arena, "%016" PRIx64, hash_bytes(img->data, img->size, 0));
}

/* ---- relocations of position-independent images -------------------------------------------------------------------------- */

/* The image is looked at as if loaded where it was linked: a relative relocation then stores its addend, a symbolic one the symbol's value. */
static void relocate(struct image *img, Elf_Scn *scn, const GElf_Shdr *h) {
    Elf_Data *d = elf_getdata(scn, NULL);
    size_t n = d && h->sh_entsize == sizeof(Elf64_Rela) ? d->d_size / sizeof(Elf64_Rela) : 0;
    Elf_Scn *symbols = elf_getscn(img->elf, h->sh_link);
    Elf_Data *table = symbols ? elf_getdata(symbols, NULL) : NULL;
    for (size_t i = 0; i < n; i++) {
        GElf_Rela r;
        GElf_Sym s = {0};
        if (!gelf_getrela(d, (int)i, &r))
            return;
        uint64_t type = GELF_R_TYPE(r.r_info), v = (uint64_t)r.r_addend;
        if (type == R_RISCV_64 && (!table || !gelf_getsym(table, (int)GELF_R_SYM(r.r_info), &s) || s.st_shndx == SHN_UNDEF))
            continue;
        const uint8_t *at = image_at(img, r.r_offset, 8);
        if (!at || (type != R_RISCV_RELATIVE && type != R_RISCV_64))
            continue;
        v += s.st_value;
        memcpy(img->data + (at - (const uint8_t *)img->data), &v, 8);
        map_put(&img->pointers, r.r_offset, v);
    }
}

static void relocate_all(struct image *img) {
    for (Elf_Scn *s = elf_nextscn(img->elf, NULL); s; s = elf_nextscn(img->elf, s)) {
        GElf_Shdr h;
        if (gelf_getshdr(s, &h) && h.sh_type == SHT_RELA && h.sh_flags & SHF_ALLOC)
            relocate(img, s, &h);
    }
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

static int load(struct image *img, struct err *e) {
    Elf64_Ehdr h;
    if (file_read(img->path, &img->data, &img->size, e) < 0 || check_ident(img, e) < 0)
        return -1;
    memcpy(&h, img->data, sizeof h);
    if (check_header(img, &h, e) < 0 || read_segments(img, &h, e) < 0)
        return -1;
    elf_version(EV_CURRENT);
    img->elf = elf_memory(img->data, img->size);
    if (!img->elf || elf_kind(img->elf) != ELF_K_ELF)
        return err_set(e, ERR_INPUT, "%s: %s", img->path, elf_errmsg(-1));
    img->entry = h.e_entry;
    img->relocatable = h.e_type == ET_DYN;
    if (h.e_shoff && read_sections(img, e) < 0)
        return -1;
    find_code(img);
    if (!img->code.len)
        return refuse(img, e, "without code");
    if (h.e_shoff)
        read_symbols(img);
    find_build_id(img, &h);
    read_relro(img, &h);
    if (img->relocatable && h.e_shoff)
        relocate_all(img);
    return h.e_shoff ? read_points(img, e) : 0;
}

struct image *image_open(const char *path, struct err *e) {
    struct image *img = mem_alloc(sizeof *img);
    img->path = str_dup(path);
    img->arena = arena_new();
    if (load(img, e) == 0)
        return img;
    image_free(img);
    return NULL;
}

void image_free(struct image *img) {
    if (!img)
        return;
    if (img->dwarf)
        dwarf_end(img->dwarf);
    if (img->elf)
        elf_end(img->elf);
    vec_free(&img->segments);
    vec_free(&img->sections);
    vec_free(&img->code);
    vec_free(&img->symbols);
    vec_free(&img->points);
    vec_free(&img->lines);
    map_free(&img->pointers);
    arena_free(img->arena);
    free(img->data);
    free(img->path);
    free(img);
}

const char *image_path(const struct image *img) { return img->path; }
const char *image_build_id(const struct image *img) { return img->build_id; }
uint64_t image_entry(const struct image *img) { return img->entry; }

/* ---- source positions --------------------------------------------------------------------------------------------- */

static int line_order(const void *a, const void *b) {
    const struct position *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    if ((x->line != 0) != (y->line != 0))
        return (x->line != 0) - (y->line != 0); /* where one sequence ends and another begins, the end comes first */
    return x->order < y->order ? -1 : x->order > y->order;
}

static const char *relative_to(const char *file, const char *dir) {
    size_t n = dir ? strlen(dir) : 0;
    return n && strncmp(file, dir, n) == 0 && file[n] == '/' ? file + n + 1 : file;
}

static void add_unit_lines(struct image *img, Dwarf_Die *unit) {
    Dwarf_Lines *lines;
    size_t n;
    Dwarf_Attribute attr;
    if (dwarf_getsrclines(unit, &lines, &n) != 0)
        return;
    const char *dir = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
    for (size_t i = 0; i < n; i++) {
        Dwarf_Line *l = dwarf_onesrcline(lines, i);
        Dwarf_Addr addr;
        int line;
        bool end;
        const char *file = dwarf_linesrc(l, NULL, NULL);
        if (!file || dwarf_lineaddr(l, &addr) != 0 || dwarf_lineno(l, &line) != 0 || dwarf_lineendsequence(l, &end) != 0)
            continue;
        struct position p = {.addr = addr, .file = relative_to(file, dir), .order = img->lines.len, .line = end ? 0 : line};
        if (end || line > 0)
            vec_push(&img->lines, p);
    }
}

static void read_lines(struct image *img) {
    img->lines_read = true;
    img->dwarf = dwarf_begin_elf(img->elf, DWARF_C_READ, NULL);
    Dwarf_Off at = 0, next;
    size_t header;
    while (img->dwarf && dwarf_nextcu(img->dwarf, at, &next, &header, NULL, NULL, NULL) == 0) {
        Dwarf_Die unit;
        if (dwarf_offdie(img->dwarf, at + header, &unit))
            add_unit_lines(img, &unit);
        at = next;
    }
    if (img->lines.len)
        qsort(img->lines.data, img->lines.len, sizeof *img->lines.data, line_order);
}

bool image_line(const struct image *img, uint64_t addr, const char **file, int *line) {
    if (!img->lines_read)
        read_lines((struct image *)(uintptr_t)img);
    size_t lo = 0, hi = img->lines.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (img->lines.data[mid].addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo || !img->lines.data[lo - 1].line)
        return false;
    *file = img->lines.data[lo - 1].file;
    *line = img->lines.data[lo - 1].line;
    return true;
}
