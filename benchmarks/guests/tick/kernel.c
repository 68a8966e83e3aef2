#include "tick.h"

#define CLINT_MSIP (*(volatile uint32_t *)0x2000000)
#define CLINT_MTIMECMP (*(volatile uint64_t *)0x2004000)
#define CLINT_MTIME (*(volatile uint64_t *)0x200bff8)

enum { ZERO = 0, PC = ZERO, SP = 2, A0 = 10, A7 = 17, PERIOD = 60 };
enum { CAUSE_SOFTWARE = 3, CAUSE_CALL = 8 };
enum { ERROR_FULL = -1, ERROR_CALL = -2 };

struct task {
	uint64_t frame[32]; /* frame[0]: pc */
	uint64_t wake;      /* 0: not asleep */
	uint64_t faults;
};
struct semaphore {
	uint32_t count, waiting; /* waiting: a bit a task */
};
struct queue {
	uint32_t used, next, waiting;
	uint64_t slot[QUEUE_SLOTS][MESSAGE_WORDS];
};

static struct task tasks[TASKS];
static struct semaphore semaphores[SEMAPHORES];
static struct queue queues[QUEUES];
static uint64_t now, deadline;
static uint32_t ready;
static uint64_t served[8];
static char stacks[TASKS][1024] __attribute__((aligned(16)));

/* The lowest bit that is set, by halving. BITS is not 0. */
static unsigned lowest(uint32_t bits)
{
	unsigned n = 0;
	if (!(bits & 7)) {
		n = 3;
		bits >>= 3;
	}
	static const uint8_t of_three[8] = {0, 0, 1, 0, 2, 0, 1, 0};
	return n + of_three[bits & 7];
}

static void wake(unsigned task) { ready |= 1u << task; }
static void block(unsigned task) { ready &= ~(1u << task); }

static void count(uint64_t *counter)
{
	uint64_t old;
	__asm__ volatile("amoadd.d %0, %2, (%1)" : "=r"(old) : "r"(counter), "r"(1ul) : "memory");
}

/* The interrupt controller wants a moment between two stores. */
static void settle(void)
{
	uint64_t left;
	__asm__ volatile("li %0, 3\n1:\taddi %0, %0, -1\n\tbnez %0, 1b\n\tfence" : "=&r"(left) : : "memory");
}

static int64_t post(struct semaphore *s)
{
	if (s->waiting) {
		unsigned first = lowest(s->waiting);
		s->waiting &= ~(1u << first);
		wake(first);
		return 0;
	}
	if (s->count == SEMAPHORE_MAX)
		return ERROR_FULL;
	s->count++;
	return 0;
}

static int64_t wait(struct semaphore *s, unsigned self)
{
	if (s->count) {
		s->count--;
		return 0;
	}
	s->waiting |= 1u << self;
	block(self);
	return 0;
}

static void copy(uint64_t *to, const uint64_t *from)
{
	for (int i = 0; i < MESSAGE_WORDS; i++)
		to[i] = from[i];
}

static int64_t send(struct queue *q, const uint64_t *words)
{
	if (q->waiting) {
		unsigned first = lowest(q->waiting);
		q->waiting &= ~(1u << first);
		copy(&tasks[first].frame[A0 + 1], words);
		wake(first);
		return 0;
	}
	if (q->used == QUEUE_SLOTS)
		return ERROR_FULL;
	copy(q->slot[(q->next + q->used++) % QUEUE_SLOTS], words);
	return 0;
}

static int64_t receive(struct queue *q, unsigned self)
{
	if (q->used) {
		copy(&tasks[self].frame[A0 + 1], q->slot[q->next]);
		q->next = (q->next + 1) % QUEUE_SLOTS;
		q->used--;
		return 0;
	}
	q->waiting |= 1u << self;
	block(self);
	return 0;
}

static int64_t call(unsigned self, const uint64_t *a)
{
	switch (a[7]) {
	case CALL_TIME: return (int64_t)now;
	case CALL_SLEEP:
		tasks[self].wake = now + 1 + a[0] % 8;
		block(self);
		return 0;
	case CALL_WAIT: return wait(&semaphores[a[0] % SEMAPHORES], self);
	case CALL_POST: return post(&semaphores[a[0] % SEMAPHORES]);
	case CALL_SEND: return send(&queues[a[0] % QUEUES], a + 1);
	case CALL_RECEIVE: return receive(&queues[a[0] % QUEUES], self);
	case CALL_KICK:
		CLINT_MSIP = 1;
		settle();
		return 0;
	case CALL_STATISTICS: return (int64_t)served[a[0] % 8];
	}
	return ERROR_CALL;
}

static void start(unsigned n)
{
	struct task *t = &tasks[n];
	t->frame[PC] = (uint64_t)task_entry;
	t->frame[SP] = (uint64_t)stacks[n + 1];
	t->frame[A0] = n;
}

static struct task *pick(void) { return &tasks[lowest(ready)]; }

struct task *on_exception(struct task *t, uint64_t cause)
{
	unsigned self = (unsigned)(t - tasks);
	if (cause != CAUSE_CALL) {
		t->faults++;
		start(self);
		return t;
	}
	t->frame[PC] += 4;
	count(&served[t->frame[A7] % 8]);
	t->frame[A0] = (uint64_t)call(self, &t->frame[A0]);
	return pick();
}

struct task *on_interrupt(struct task *t, uint64_t cause)
{
	(void)t;
	if ((cause & 15) == CAUSE_SOFTWARE) {
		CLINT_MSIP = 0;
		settle();
		post(&semaphores[0]);
		return pick();
	}
	now++;
	deadline += PERIOD;
	CLINT_MTIMECMP = deadline;
	for (unsigned i = 0; i < TASKS; i++)
		if (tasks[i].wake == now) {
			tasks[i].wake = 0;
			wake(i);
		}
	return pick();
}

struct task *kernel_start(void)
{
	for (unsigned i = 0; i < TASKS; i++) {
		start(i);
		wake(i);
	}
	__asm__ volatile("csrw pmpaddr0, %0\n\tcsrw pmpcfg0, %1" : : "r"(-1l), "r"(0x1fl));
	__asm__ volatile("csrw mie, %0\n\tcsrc mstatus, %1\n\tcsrs mstatus, %2" : : "r"(0x88l), "r"(0x1800l), "r"(0x80l));
	deadline = CLINT_MTIME + PERIOD;
	CLINT_MTIMECMP = deadline;
	return pick();
}
