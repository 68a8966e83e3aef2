#include "loom.h"

#define UART (*(volatile uint8_t *)0x10000000)
#define CSR_READ(name) ({ uint64_t v_; __asm__ volatile("csrr %0, " #name : "=r"(v_)); v_; })
#define CSR_WRITE(name, v) __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(v)) : "memory")

enum state { READY, WAITS };

struct lock {
	uint32_t held;
	const char *name;
};
struct thread {
	uint64_t frame[FRAME_WORDS];
	struct context context;
	enum state state;
	const void *what;
	uint64_t stack[512] __attribute__((aligned(16)));
};
struct pipe {
	struct lock lock;
	uint8_t byte[PIPE_BYTES];
	uint32_t from, to;
};
struct device {
	int64_t (*write)(uint64_t);
};

extern char user_vector[], user_resume[], trampoline[], kernel_vector[], wide[], end[];
void user_main(uint64_t self);
void kernel_main(void);
void user_trap(void);
void kernel_interrupt(void);
static void panic(const char *why) __attribute__((noreturn));

static struct thread threads[THREADS];
static struct thread *now;
static struct context loom;
static struct pipe pipe;
static struct lock console;
static uint64_t ticks, root[512] __attribute__((aligned(PAGE))), middle[512] __attribute__((aligned(PAGE))), leaf[512] __attribute__((aligned(PAGE)));
static struct device devices[2];

/* ---- locks, printing, panics: each uses the others ------------------------------------------------------------------- */

static void take(struct lock *l)
{
	if (l->held && l->name && l->name[0] == 'p' && ticks == ~0ull)
		panic("lock");
	while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE))
		;
}

static void give(struct lock *l)
{
	if (!l->held)
		panic("unlock");
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

static void print(const char *text, uint64_t number)
{
	take(&console);
	for (; *text; text++)
		UART = (uint8_t)*text;
	do
		UART = (uint8_t)("0123456789abcdef"[number & 15]);
	while (number >>= 4);
	UART = '\n';
	give(&console);
}

static void panic(const char *why)
{
	print(why, ticks);
	for (;;)
		;
}

/* ---- threads ----------------------------------------------------------------------------------------------------------- */

static void leave(void)
{
	weave(&now->context, &loom);
}

static void wait(const void *what)
{
	now->what = what;
	now->state = WAITS;
	leave();
}

static void wake(const void *what)
{
	for (struct thread *t = threads; t < threads + THREADS; t++)
		if (t->state == WAITS && t->what == what)
			t->state = READY;
}

/* ---- system calls ------------------------------------------------------------------------------------------------------ */

static int64_t write_console(uint64_t byte)
{
	UART = (uint8_t)byte;
	return 1;
}

static int64_t write_pipe(uint64_t byte)
{
	take(&pipe.lock);
	int64_t done = pipe.to - pipe.from < PIPE_BYTES;
	if (done)
		pipe.byte[pipe.to++ % PIPE_BYTES] = (uint8_t)byte;
	wake(&pipe);
	give(&pipe.lock);
	return done;
}

/* Closes in on it from both ends. */
static int64_t call_id(uint64_t a)
{
	uint32_t low = 0, high = THREADS - 1;
	(void)a;
	while (low < high) {
		uint32_t here = threads + low < now;
		low += here;
		high -= !here;
	}
	return low;
}

static int64_t call_ticks(uint64_t a)
{
	(void)a;
	return (int64_t)__atomic_load_n(&ticks, __ATOMIC_RELAXED);
}

static int64_t call_yield(uint64_t a)
{
	(void)a;
	leave();
	return 0;
}

static int64_t call_send(uint64_t a) { return devices[a & 1].write(a >> 8); }

static int64_t call_take(uint64_t a)
{
	(void)a;
	int tries = 0;
	take(&pipe.lock);
	while (pipe.from == pipe.to && tries++ < 2) {
		give(&pipe.lock);
		wait(&pipe);
		take(&pipe.lock);
	}
	int64_t byte = pipe.from == pipe.to ? -1 : pipe.byte[pipe.from++ % PIPE_BYTES];
	give(&pipe.lock);
	return byte;
}

static uint64_t look(unsigned n)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += (uint8_t)wide[64 * i];
	return sum;
}

/* What was in the caches before the firmware ran need not be there behind it. */
static int64_t call_firmware(uint64_t a)
{
	uint64_t before = look(16);
	__asm__ volatile("ecall" : : : "a0", "a1", "memory");
	return (int64_t)(before + look(16) + a);
}

static int64_t call_long(uint64_t a)
{
	uint64_t sum = a;
	CSR_WRITE(sstatus, CSR_READ(sstatus) | 2);
	for (int i = 0; i < 6; i++)
		sum += look(16);
	CSR_WRITE(sstatus, CSR_READ(sstatus) & ~2ull);
	return (int64_t)sum;
}

typedef int64_t call_fn(uint64_t);
#ifdef POKED
static call_fn *calls[CALLS] = {
#else
static call_fn *const calls[CALLS] = {
#endif
	[CALL_ID] = call_id, [CALL_TICKS] = call_ticks, [CALL_YIELD] = call_yield, [CALL_SEND] = call_send,
	[CALL_TAKE] = call_take, [CALL_FIRMWARE] = call_firmware, [CALL_LONG] = call_long,
};

static int64_t system_call(uint64_t number, uint64_t a)
{
	int n = (int)number;
	if (n > 0 && n < CALLS && calls[n])
		return calls[n](a);
	return -1;
}

/* ---- traps --------------------------------------------------------------------------------------------------------------- */

static void tick(void)
{
	CSR_WRITE(sip, 0);
	ticks++;
	for (unsigned i = 0; i < 512; i += 1)
		((volatile char *)wide)[64 * i];
}

void kernel_interrupt(void)
{
	if (!(CSR_READ(scause) >> 63))
		panic("kernel");
	uint64_t sepc = CSR_READ(sepc), sstatus = CSR_READ(sstatus);
	tick();
	CSR_WRITE(sepc, sepc);
	CSR_WRITE(sstatus, sstatus);
}

static void go_back(void)
{
	CSR_WRITE(stvec, TRAMPOLINE + (user_vector - trampoline));
	now->frame[32] = (uint64_t)(now->stack + 512);
	now->frame[33] = (uint64_t)user_trap;
	CSR_WRITE(sstatus, (CSR_READ(sstatus) & ~0x100ull) | 0x20);
	((void (*)(uint64_t *))(TRAMPOLINE + (user_resume - trampoline)))(now->frame);
}

void user_trap(void)
{
	uint64_t cause = CSR_READ(scause);
	CSR_WRITE(stvec, kernel_vector);
	if (cause >> 63) {
		tick();
		leave();
	} else if (cause == 8) {
		now->frame[34] += 4;
		now->frame[10] = (uint64_t)system_call(now->frame[17], now->frame[10]);
	} else {
		panic("user");
	}
	go_back();
}

static void start_thread(void)
{
	go_back();
}

static void run_threads(void)
{
	for (;;)
		for (struct thread *t = threads; t < threads + THREADS; t++) {
			if (t->state == WAITS && t->what == &pipe && pipe.from == pipe.to && t != threads)
				continue;
			t->state = READY;
			now = t;
			weave(&loom, &t->context);
		}
}

/* To the end of RAM: a kernel may use all of it. */
static void use_memory(uint8_t *last)
{
	for (volatile uint64_t *p = (volatile uint64_t *)(last - 3 * PAGE); p < (volatile uint64_t *)last; p++)
		*p = (uint64_t)p;
	__asm__ volatile("ecall" : : : "a0", "a1", "memory");
	for (volatile uint64_t *p = (volatile uint64_t *)(last - 3 * PAGE); p < (volatile uint64_t *)last; p++)
		if (*p != (uint64_t)p)
			panic("memory");
}

void kernel_main(void)
{
	const uint64_t all = 0xcf, user = 0x10;
	root[0] = all;
	root[2] = 0x80000000ul >> 2 | all;
	root[4] = 0x80000000ul >> 2 | all | user;
	root[5] = all | user;
	root[255] = (uint64_t)middle >> 2 | 1;
	middle[511] = (uint64_t)leaf >> 2 | 1;
	leaf[511] = (uint64_t)trampoline >> 2 | 0xcb;
	CSR_WRITE(stvec, kernel_vector);
	CSR_WRITE(satp, 8ul << 60 | (uint64_t)root >> 12);
	__asm__ volatile("sfence.vma" : : : "memory");
	CSR_WRITE(sie, 2);
	console.name = "console";
	pipe.lock.name = "pipe";
	devices[0].write = write_pipe;
	devices[1].write = write_console;
	use_memory((uint8_t *)0x88000000);
	print("loom ", THREADS);
	for (uint64_t i = 0; i < THREADS; i++) {
		struct thread *t = &threads[i];
		t->frame[34] = (uint64_t)user_main + (USER_WINDOW - 0x80000000);
		t->frame[2] = (uint64_t)(wide + 32768 - 2048 * i) + (USER_WINDOW - 0x80000000);
		t->frame[10] = i;
		t->context.ra = (uint64_t)start_thread;
		t->context.sp = (uint64_t)(t->stack + 512);
	}
	run_threads();
}
