/* Calls through pointers that no analysis resolves: in memory that is written, with indices and objects that the compiler cannot know. Each is
 * executed, so a trace tells whom it means. `takes_N` reads N arguments. */
typedef unsigned long u64;
#define N __attribute__((noinline, noclone, noipa))
volatile u64 sink, choice;

static N void takes_0(void) { sink += 1; }
static N void takes_1(u64 a) { sink += a; }
static N u64 takes_2(u64 a, u64 b) { return a ^ b; }
static N u64 takes_3(u64 a, u64 b, u64 *c) { return a + b + *c; }
static N u64 takes_4(u64 a, u64 b, u64 c, u64 d) { return a + b * c - d; }
static N u64 takes_5(u64 a, u64 b, u64 c, u64 d, u64 e) { return a + b * c - d + e; }
static N u64 takes_8(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h) { return a + b * c - d + e * f + g * h; }
/* declares more than it reads */
static N u64 ignores(u64 a, u64 b, u64 c, u64 d) {
    (void)a, (void)c, (void)d;
    return b + 1;
}
/* hands its arguments on, where they are read */
static N u64 hands_on(u64 a, u64 b, u64 c, u64 d, u64 e) { return takes_5(a, b, c, d, e) + 1; }
static N u64 first_of(const u64 *list) { return list[0]; }
/* puts all argument registers on its stack, and reads one of them */
static N u64 variadic(u64 n, ...) {
    __builtin_va_list l;
    __builtin_va_start(l, n);
    u64 sum = 0;
    while (n--)
        sum += __builtin_va_arg(l, u64);
    __builtin_va_end(l);
    return sum;
}
struct pair {
    u64 x, y;
};
static N struct pair returns_two(u64 a) { return (struct pair){a, a + 1}; }
static N u64 takes_pair(u64 a, struct pair p) { return a + p.x * p.y; }
static N u64 only_pair(struct pair p) { return p.x * p.y; }
struct large {
    u64 v[6];
};
static N struct large returns_large(u64 a) { return (struct large){{a, a + 1}}; }
static N double real(double x, u64 n) { return x + (double)n; }

typedef void f0(void);
typedef void f1(u64);
typedef u64 f2(u64, u64), f3(u64, u64, u64 *), f4(u64, u64, u64, u64), f5(u64, u64, u64, u64, u64), f8(u64, u64, u64, u64, u64, u64, u64, u64);
typedef u64 any(u64, ...), list_of(const u64 *);
/* stores what it finds in all registers: it is given one argument */
struct context {
    u64 x[32];
} context;
void save_all(struct context *);
__asm__(".text\n.globl save_all\n.type save_all, @function\nsave_all:\nsd ra, 8(a0)\nsd s0, 64(a0)\nsd a0, 80(a0)\nsd a1, 88(a0)\nsd a2, 96(a0)\n"
        "sd a3, 104(a0)\nsd a4, 112(a0)\nsd a5, 120(a0)\nsd a6, 128(a0)\nsd a7, 136(a0)\nret\n.size save_all, . - save_all\n");
extern f0 *p0[2];
/* whom it calls is open too */
static N void relays(u64 a) {
    p0[choice]();
    sink += a;
}
f0 *p0[2] = {takes_0, takes_0};
f1 *p1[2] = {takes_1, relays};
void (*pc[2])(struct context *) = {save_all, save_all};
f2 *p2[2] = {takes_2, takes_2};
f3 *p3[2] = {takes_3, takes_3};
f4 *p4[2] = {takes_4, ignores};
f5 *p5[2] = {takes_5, hands_on};
f8 *p8[2] = {takes_8, takes_8};
any *pv[2] = {variadic, variadic};
list_of *pl[2] = {first_of, first_of};
struct pair (*pp[2])(u64) = {returns_two, returns_two};
u64 (*po[2])(struct pair) = {only_pair, only_pair};
u64 (*ps[2])(u64, struct pair) = {takes_pair, takes_pair};
struct large (*pb[2])(u64) = {returns_large, returns_large};
double (*pr[2])(double, u64) = {real, real};

/* `site_N` calls something of N arguments; before that nothing, or something that destroys registers. */
static N void clear_all(void) {
    __asm__ volatile("li a0, 1\nli a1, 1\nli a2, 1\nli a3, 1\nli a4, 1\nli a5, 1\nli a6, 1\nli a7, 1" ::: "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "memory");
}
static N void site_0(void) { p0[choice](); }
static N void site_1(void) {
    clear_all();
    p1[choice](3);
    sink++;
}
static N u64 site_2(u64 a, u64 b) {
    clear_all();
    return p2[choice](a, b) + 1;
}
static N u64 site_3(u64 a, u64 b, u64 *c) { return p3[choice](a, b, c) + 1; }
static N u64 site_4(u64 a, u64 b) {
    clear_all();
    return p4[choice](a, b, a + 1, b + 1) + 1;
}
static N u64 site_5(u64 a, u64 b) { return p5[choice](a, b, a + 1, b + 1, a + b) + 1; }
static N u64 site_8(u64 a) { return p8[choice](a, 1, 2, 3, 4, 5, 6, 7) + 1; }
static N void site_after(u64 a) {
    p8[choice](a, 1, 2, 3, 4, 5, 6, 7);
    p1[choice](3);
    sink++;
}
static N u64 site_variadic(u64 a) { return pv[choice](3, a, a, a) + pv[choice](0); }
/* jumps to it, with all arguments still where the caller put them */
static N u64 site_tail(u64 a, u64 b, u64 c, u64 d, u64 e) { return p5[choice](a, b, c, d, e); }
static N u64 deeper(u64 a, u64 b, u64 c, u64 d, u64 e) {
    if (e > 100) clear_all();
    return site_tail(a, b, c, d, e);
}
/* gives on what another call returned in two registers */
static N u64 site_pair(u64 a) { return ps[choice](7, pp[choice](a)); }
static N u64 site_only_pair(u64 a) { return po[choice](returns_two(a)) + 1; }
static N void site_context(void) {
    clear_all();
    pc[choice](&context);
    sink++;
}
/* a call between, that leaves the arguments where they are, as gcc's -fipa-ra makes them */
u64 site_kept(u64 a, u64 b, u64 *c);
__asm__(".text\n.type leaves_alone, @function\nleaves_alone:\nli t1, 0\nret\n.size leaves_alone, . - leaves_alone\n"
        ".globl site_kept\n.type site_kept, @function\nsite_kept:\naddi sp, sp, -16\nsd ra, 8(sp)\njal leaves_alone\nla t0, p3\nld t0, 0(t0)\n"
        "jalr t0\nld ra, 8(sp)\naddi sp, sp, 16\nret\n.size site_kept, . - site_kept\n");
static N u64 site_list(void) {
    u64 l[2] = {5, 6};
    return pl[choice](l);
}
static N u64 site_large(u64 a) { return pb[choice](a).v[1]; }
static N u64 site_real(u64 a) { return (u64)pr[choice](1.5, a); }
/* an argument that differs by way, and one that goes round a loop */
static N u64 site_ways(u64 a, u64 b, u64 *c) {
    u64 x = a & 1 ? b : takes_2(a, b);
    for (u64 i = 0; i < 3; i++)
        x += p3[choice](x, i, c);
    return x;
}

/* ---- objects with operations ---------------------------------------------------------------------------------------------------------------- */

struct ops;
struct object {
    u64 n;
    const struct ops *ops;
};
struct ops {
    u64 (*open)(struct object *);
    u64 (*read)(struct object *, u64);
    u64 (*write)(struct object *, u64);
    u64 (*close)(struct object *);
    u64 (*stat)(struct object *, u64 *);
};
#define OPERATIONS(name, k)                                                                                        \
    static N u64 name##_open(struct object *o) { return o->n + k; }                                                \
    static N u64 name##_read(struct object *o, u64 x) { return o->n * k + x; }                                     \
    static N u64 name##_write(struct object *o, u64 x) { return o->n -= x * k; }                                   \
    static N u64 name##_close(struct object *o) { return o->n ^ k; }                                               \
    static N u64 name##_stat(struct object *o, u64 *x) { return *x + o->n + k; }                                   \
    const struct ops name##_ops = {name##_open, name##_read, name##_write, name##_close, name##_stat};
OPERATIONS(disk, 3)
OPERATIONS(pipe, 5)
struct object objects[4] = {{1, &disk_ops}, {2, &pipe_ops}, {3, &disk_ops}, {4, &pipe_ops}};
static N u64 do_open(struct object *o) { return o->ops->open(o) + 1; }
static N u64 do_read(struct object *o, u64 x) { return o->ops->read(o, x) + 1; }
static N u64 do_write(struct object *o, u64 x) { return o->ops->write(o, x) + 1; }
static N u64 do_close(struct object *o) { return o->ops->close(o) + 1; }
static N u64 do_stat(struct object *o, u64 *x) { return o->ops->stat(o, x) + 1; }

/* ---- what must not mislead ---------------------------------------------------------------------------------------------------------------------- */

/* operations within something larger, by a pointer to it and by one to themselves */
struct device {
    u64 base;
    char name[24];
    struct object *of;
    struct ops own;
};
OPERATIONS(clock, 7)
struct device devices[2] = {{1, "clock", &objects[1], {clock_open, clock_read, clock_write, clock_close, clock_stat}},
                            {2, "clock2", &objects[2], {clock_open, clock_read, clock_write, clock_close, clock_stat}}};
struct device *volatile device_list[2] = {&devices[0], &devices[1]};
static N u64 do_device(struct device *d) { return d->own.close(d->of) + d->own.read(d->of, 3); }
static N u64 do_own(const struct ops *p, struct object *o) { return p->write(o, 2) + p->close(o); }

/* structures that are copied, to another offset in another one */
OPERATIONS(tape, 9)
struct machine {
    u64 a, b, c;
    struct ops copy;
    u64 d;
};
struct machine machine;
static N void set_up(struct machine *m, const struct ops *from) { m->copy = *from; }
static N u64 do_machine(struct machine *m, struct object *o) { return m->copy.open(o) + m->copy.write(o, 4) + m->copy.close(o); }
const struct ops *volatile tape_list[1] = {&tape_ops};

/* a list of commands, searched by a pointer that walks along it */
struct command {
    u64 key;
    u64 (*run)(u64);
    u64 (*undo)(u64);
};
static N u64 run_one(u64 x) { return x + 1; }
static N u64 run_two(u64 x) { return x + 2; }
static N u64 undo_one(u64 x) { return x - 1; }
static N u64 undo_two(u64 x) { return x - 2; }
const struct command commands[3] = {{10, run_one, undo_one}, {20, run_two, undo_two}, {0, 0, 0}};
const struct command *volatile command_list = commands;
static N u64 do_command(u64 key, u64 x) {
    for (const struct command *c = command_list; c->key; c++)
        if (c->key == key)
            return c->run(x) + c->undo(x);
    return 0;
}

void *memcpy(void *to, const void *from, u64 n) {
    char *t = to;
    const char *f = from;
    while (n--)
        *t++ = *f++;
    return to;
}
void *memset(void *to, int c, u64 n) {
    char *t = to;
    while (n--)
        *t++ = (char)c;
    return to;
}

int main(void) {
    u64 three = 3;
    clear_all();
    for (choice = 0; choice < 2; choice++) {
        site_0();
        site_1();
        site_context();
        site_after(1);
        sink += site_only_pair(choice) + site_kept(1, 2, &three);
        sink += site_2(1, 2) + site_3(1, 2, &three) + site_4(1, 2) + site_5(1, 2) + site_8(1) + site_variadic(4);
        sink += deeper(1, 2, 3, 4, 5) + site_pair(6) + site_list() + site_large(2) + site_real(3) + site_ways(3 + choice, 2, &three);
        sink += do_device(device_list[choice]) + do_own(&device_list[choice]->own, &objects[0]);
        sink += do_command(10, 1) + do_command(20, 2);
    }
    for (int i = 0; i < 4; i++) {
        struct object *o = &objects[i];
        sink += do_open(o) + do_read(o, 3) + do_write(o, 2) + do_close(o) + do_stat(o, &three) + do_own(o->ops, o);
    }
    set_up(&machine, tape_list[0]);
    sink += do_machine(&machine, &objects[3]);
    return 0;
}
