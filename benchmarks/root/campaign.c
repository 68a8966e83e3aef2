/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The campaign: drives every kernel entry many ways, from a seed, until enough entries were made.
 *
 * It goes in rounds. The root task gives WORKERS threads a role, a priority, an address space, a fault endpoint and an IPC
 * buffer (or none) each, starts them, and drops to the lowest priority. Each worker makes a number of random operations
 * that suit its role, each with the caches as the dice say: as they are, partly evicted, or evicted to the last line and
 * filled with dirty ones. Any worker may block for ever: when all have, the root task runs again, stirs with operations
 * that cannot block itself, and ends the round by suspending them.
 *
 * A round's "temper" fixes what would be rare by chance alone: every message of full length, every line cold at every
 * entry, and so on, so that the worst of each path is met, and met often.
 *
 * No operation can harm the campaign: workers never touch the root task's thread, its slots below FREE_FIRST, or the
 * timer's binding.
 */
#include "campaign.h"

#define DEFAULT_ENTRIES 100000
#define TICK 100 /* instructions in a tick of `time`; only guides how far deadlines lie */

/* the root CNode */
#define ENDPOINTS 3		 /* used in rounds */
#define FAULT_ENDPOINT ENDPOINTS /* a further one, for faults: a handler's, or else the root task's */
#define NOTIFICATIONS 3
#define SLEEP_NOTIFICATION (CAP_NOTIFICATION + 15) /* the root task's own */
#define CAP_BADGED (CAP_SCRATCH + 0)	 /* endpoints with a badge */
#define CAP_SEND_ONLY (CAP_SCRATCH + 8)
#define CAP_RECV_ONLY (CAP_SCRATCH + 16)
#define CAP_SIGNAL (CAP_SCRATCH + 24)	 /* notifications with a badge */
#define CAP_SIGNAL_ONLY (CAP_SCRATCH + 32)
#define CAP_WAIT_ONLY (CAP_SCRATCH + 40)
#define CAP_FAULT (CAP_SCRATCH + 48)	 /* FAULT_BADGE + worker, [worker][endpoint, FAULT_ENDPOINT too] */
#define CAP_SLEEP_SIGNAL (CAP_SCRATCH + 127) /* SLEEP_NOTIFICATION with a badge: no signal is lost */
#define FREE_FIRST 320 /* slots that random minting and deleting plays with */
#define FREE_COUNT 32
#define FAULT_BADGE 0x100

struct worker workers[WORKERS + 1];
enum temper temper;
bool long_messages;
static volatile word entries;

/* Counts what surely is an entry; interrupts come on top. */
static void entry_count(void)
{
	__atomic_fetch_add(&entries, 1, __ATOMIC_RELAXED);
}

/* ---- caches -------------------------------------------------------------------------------------------------------- */

enum extent { NONE, PART, LEVEL_1, ALL };

static void evict_code(struct worker *w, enum extent extent)
{
	word lines;

	switch (extent) {
	case NONE:
		return;
	case PART:
		lines = user_below(&w->random, 128);
		evict_code_lines(user_below(&w->random, EVICT_CODE_LINES - lines), lines);
		return;
	case LEVEL_1:
		evict_code_tail(2048);
		return;
	case ALL:
		evict_code_tail(EVICT_CODE_LINES);
		return;
	}
}

static void evict_memory(struct worker *w, enum extent extent, bool dirty)
{
	word blocks = 0, most = EVICT_DATA_BYTES / 256, from = 0;

	switch (extent) {
	case NONE:
		return;
	case PART:
		blocks = user_below(&w->random, 40);
		from = user_below(&w->random, most - blocks);
		break;
	case LEVEL_1:
		blocks = 256;
		from = user_below(&w->random, most / blocks) * blocks;
		break;
	case ALL:
		blocks = most;
		break;
	}
	if (dirty)
		evict_data_store(evict_data + from * 256, blocks);
	else
		evict_data_load(evict_data + from * 256, blocks);
}

static enum extent extent_pick(struct worker *w)
{
	word dice = user_below(&w->random, 100);

	switch (temper) {
	case TEMPER_WARM:
		return dice < 97 ? NONE : PART;
	case TEMPER_COLD:
		return dice < 97 ? LEVEL_1 : NONE;
	case TEMPER_WORST:
		return ALL;
	case TEMPER_PARTIAL:
		return PART;
	default:
		return dice < 40 ? NONE : dice < 70 ? PART : dice < 97 ? LEVEL_1 : ALL;
	}
}

/* The code goes first: in a cache that holds both, the dirty lines then are the last that came. */
void campaign_evict(struct worker *w)
{
	enum extent code = extent_pick(w), data = user_below(&w->random, 4) ? code : extent_pick(w);

	evict_code(w, code);
	evict_memory(w, data, temper == TEMPER_WORST || user_below(&w->random, 5));
}

/* How long evict() takes at most, in ticks. */
static word evict_ticks(void)
{
	return temper == TEMPER_WARM || temper == TEMPER_PARTIAL ? 30 : temper == TEMPER_COLD ? 80 : 450;
}

/* ---- capability pointers -------------------------------------------------------------------------------------------- */

static word pointer(const struct worker *w, word slot)
{
	return w->deep ? DEEP(slot) : slot;
}

/* ---- messages and capabilities ------------------------------------------------------------------------------------- */

static word length_pick(struct worker *w)
{
	word dice = user_below(&w->random, 16);

	if (long_messages && dice)
		return MESSAGE_WORDS_MAX;
	switch (dice) {
	case 0:
		return MESSAGE_WORDS_MAX + 1 + user_below(&w->random, 127 - MESSAGE_WORDS_MAX);
	case 1:
	case 2:
	case 3:
	case 4:
		return user_below(&w->random, 6);
	case 5:
		return MESSAGE_WORDS_MAX - 1;
	case 6:
	case 7:
	case 8:
		return MESSAGE_WORDS_MAX;
	default:
		return user_below(&w->random, MESSAGE_WORDS_MAX + 1);
	}
}

/* A capability goes along: one that can or one that cannot, to a slot that may be empty. */
static word cap_pick(struct worker *w)
{
	word *buffer = user_buffers[w - workers], dice = user_below(&w->random, 8);

	buffer[BUFFER_SEND_CAP] = pointer(w, dice == 0 ? CAP_POOL : dice == 1 ? CAP_NULL : CAP_BADGED);
	buffer[BUFFER_RECEIVE_CNODE] = pointer(w, dice == 2 ? CAP_ENDPOINT : CAP_CNODE);
	buffer[BUFFER_RECEIVE_INDEX] = dice == 3 ? OUTSIDE : FREE_FIRST + user_below(&w->random, FREE_COUNT);
	return MESSAGE_CAP;
}

static void message_pick(struct worker *w, struct message *message)
{
	message->info = message_info(user_below(&w->random, 3), length_pick(w));
	if (long_messages || user_below(&w->random, 4) == 0)
		message->info |= cap_pick(w);
	for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
		message->words[i] = user_random(&w->random) & ~(word)1; /* word 0 may come to be a pc */
}

/* A capability pointer that cannot do. */
static word cap_bad(struct worker *w)
{
	switch (user_below(&w->random, 5)) {
	case 0:
		return CAP_NULL;
	case 1:
		return user_random(&w->random) | (word)1 << ROOT_RADIX;
	case 2:
		return CAP_IMAGE;
	case 3:
		return CAP_SPACE + user_below(&w->random, SPACES);
	default:
		return FREE_FIRST + user_below(&w->random, FREE_COUNT);
	}
}

static word endpoint_pick(struct worker *w, word without_right)
{
	word endpoint = user_below(&w->random, 4) ? w->endpoint : user_below(&w->random, ENDPOINTS);

	switch (user_below(&w->random, 16)) {
	case 0:
		return cap_bad(w);
	case 1:
		return without_right + endpoint;
	case 2:
		return CAP_NOTIFICATION + user_below(&w->random, NOTIFICATIONS);
	case 3:
	case 4:
	case 5:
	case 6:
		return CAP_BADGED + endpoint;
	default:
		return CAP_ENDPOINT + endpoint;
	}
}

static word notification_pick(struct worker *w, word without_right)
{
	word notification = user_below(&w->random, NOTIFICATIONS);

	switch (user_below(&w->random, 16)) {
	case 0:
		return cap_bad(w);
	case 1:
		return without_right + notification;
	case 2:
		return CAP_ENDPOINT;
	case 3:
	case 4:
		return CAP_NOTIFICATION + notification; /* badge 0 */
	default:
		return CAP_SIGNAL + notification;
	}
}

/* ---- operations ---------------------------------------------------------------------------------------------------- */

/* What came is a fault: the next reply lets the thread go on, mostly. */
static void fault_note(struct worker *w, const struct message *message)
{
	word pc = message->words[2] == 12 ? message->words[3] : message->words[0] + 4;
	word dice = user_below(&w->random, 12);

	w->reply = (struct message){message_info(dice == 0, dice != 1), {pc, 0, 0, 0}};
	w->has_reply = true;
}

void campaign_call(struct worker *w, word number, word target)
{
	struct message message;
	word badge = 0;

	message_pick(w, &message);
	if ((number == SYS_REPLYRECV || number == SYS_REPLY) && w->has_reply && user_below(&w->random, 16)) {
		message = w->reply;
		w->has_reply = false;
	}
	entry_count();
	campaign_evict(w);
	if (user_syscall(number, pointer(w, target), &message, &badge) == KERNEL_OK && (badge & FAULT_BADGE) &&
	    (number == SYS_RECV || number == SYS_NBRECV || number == SYS_REPLYRECV))
		fault_note(w, &message);
}

static void operation_ipc(struct worker *w, word number)
{
	bool receives = number == SYS_RECV || number == SYS_NBRECV || number == SYS_REPLYRECV;

	campaign_call(w, number, endpoint_pick(w, receives ? CAP_SEND_ONLY : CAP_RECV_ONLY));
}

static void operation_signal(struct worker *w)
{
	campaign_call(w, SYS_SIGNAL, notification_pick(w, CAP_WAIT_ONLY));
}

static void operation_wait(struct worker *w)
{
	campaign_call(w, SYS_WAIT, notification_pick(w, CAP_SIGNAL_ONLY));
}

static void operation_unknown(struct worker *w)
{
	campaign_call(w, SYS_COUNT + (user_random(&w->random) >> user_below(&w->random, 64)), CAP_ENDPOINT);
}

static void operation_fault(struct worker *w)
{
	word kind = user_below(&w->random, 8), address = USER_UNMAPPED + (user_below(&w->random, 0x100000) & ~(word)7);

	if (user_below(&w->random, 4) == 0)
		address = 0xffffffc080001000; /* the kernel's own */
	entry_count();
	campaign_evict(w);
	switch (kind) {
	case 0:
		user_load(address);
		break;
	case 1:
		user_store(address);
		break;
	case 2:
		user_store(USER_ARGUMENTS + 64);
		break;
	case 3:
		user_fetch(address);
		break;
	case 4:
		user_breakpoint();
		break;
	case 5:
		user_misaligned((word)user_buffers + 4);
		break;
	default:
		user_illegal();
		break;
	}
}

/* The interrupt comes while the thread spins, after the caches were seen to. */
static void operation_timer(struct worker *w)
{
	word deadline = user_time() + evict_ticks() / (1 + user_below(&w->random, 3)) + user_below(&w->random, 8);

	entry_count();
	user_invoke(pointer(w, CAP_TIMER), TIMER_SET, deadline, 0, 0, 0);
	campaign_evict(w);
	while (user_time() < deadline + 1)
		;
}

/* The transmitter is always empty, so that enabling its interrupt raises it. */
void campaign_device(struct worker *w)
{
	volatile uint8_t *uart = (volatile uint8_t *)USER_UART;

	if (user_below(&w->random, 8))
		uart[1] = 0;
	entry_count();
	campaign_evict(w);
	user_invoke(pointer(w, CAP_UART_IRQ), IRQ_ACK, 0, 0, 0, 0);
	campaign_evict(w);
	uart[1] = 2;
}

/* labels whose a2 is no capability pointer */
#define PLAIN ((word)1 << TCB_SET_PRIORITY | (word)1 << TIMER_SET)

/* The slot that index and depth 0 name in the root CNode, by way of LOOKUP_LEVELS CNodes. */
static void name_deeply(word *target, struct message *message)
{
	*target = CAP_DEEP;
	message->words[1] = DEEP(message->words[1]);
	message->words[2] |= 64 << 8;
}

word campaign_invoke(struct worker *w, word target, word label, word length, word a, word b, word c, word d)
{
	struct message message = {message_info(label, length), {a, b, c, d}};
	word badge = 0;

	if (w->deep && target == CAP_CNODE && label - 1 < CNODE_SAVE_CALLER && b < OUTSIDE && !(c >> 8) && user_below(&w->random, 4))
		name_deeply(&target, &message);

	if (!(PLAIN >> (label & 63) & 1) && a)
		message.words[0] = pointer(w, a);
	if (label == CNODE_ROTATE)
		message.words[3] = pointer(w, d);
	entry_count();
	campaign_evict(w);
	return user_syscall(SYS_INVOKE, pointer(w, target), &message, &badge);
}

static word slot_pick(struct worker *w)
{
	static const word slots[] = {CAP_ENDPOINT, CAP_BADGED + 1, CAP_SEND_ONLY, CAP_SIGNAL + 1, CAP_SPACE + 1, CAP_IMAGE,
				     CAP_NULL, CAP_UART_IRQ, 1 << ROOT_RADIX};
	word dice = user_below(&w->random, 2 * sizeof slots / sizeof *slots);

	return dice < sizeof slots / sizeof *slots ? slots[dice] : FREE_FIRST + user_below(&w->random, FREE_COUNT);
}

static void operation_cnode(struct worker *w)
{
	bool small = user_below(&w->random, 2);
	word cnode = small ? CAP_SMALL : CAP_CNODE;
	word slot = small ? user_below(&w->random, 40) : FREE_FIRST + user_below(&w->random, FREE_COUNT + 1);

	if (slot == FREE_FIRST + FREE_COUNT)
		slot = (word)1 << ROOT_RADIX;
	switch (user_below(&w->random, 9)) {
	case 0:
	case 1:
	case 2:
	case 3:
		campaign_invoke(w, cnode, CNODE_MINT, 4, slot_pick(w), slot, user_below(&w->random, 4), user_random(&w->random));
		break;
	case 4:
		campaign_invoke(w, cnode, user_below(&w->random, 40) + CNODE_DELETE + 1, 4, 0, 0, 0, 0);
		break;
	default:
		campaign_invoke(w, cnode, CNODE_DELETE, 4, 0, slot, 0, 0);
		break;
	}
}

static void operation_tcb(struct worker *w)
{
	unsigned self = (unsigned)(w - workers);
	unsigned number = 1 + (unsigned)user_below(&w->random, WORKERS);
	word tcb = CAP_THREAD + number, spare = CAP_THREAD + WORKERS + 1 + user_below(&w->random, TCB_COUNT - WORKERS - 1);
	word length = user_below(&w->random, 4) ? REGISTERS_LENGTH : user_below(&w->random, REGISTERS_LENGTH);
	word endpoint = endpoint_pick(w, CAP_RECV_ONLY);

	switch (user_below(&w->random, 16)) {
	case 0:
	case 1:
		if (user_below(&w->random, 2))
			campaign_invoke(w, tcb, TCB_CONFIGURE, 4, user_below(&w->random, 6) ? CAP_SPACE + user_below(&w->random, SPACES) : CAP_CNODE, TCB_VSPACE, 0, 0);
		else
			campaign_invoke(w, tcb, TCB_CONFIGURE, 4, user_below(&w->random, 4) ? endpoint : 0, TCB_FAULT, 0, 0);
		break;
	case 2:
		campaign_invoke(w, tcb, TCB_CONFIGURE, 4, CAP_IMAGE, TCB_BUFFER, user_buffer_offset(number), 0);
		break;
	case 3:
		campaign_invoke(w, spare, TCB_CONFIGURE, 4, user_below(&w->random, 3) ? CAP_IMAGE : slot_pick(w), TCB_BUFFER,
		       user_below(&w->random, 4) << 9 | user_below(&w->random, 4) << 20, 0);
		break;
	case 4:
		campaign_invoke(w, user_below(&w->random, 2) ? spare : tcb, TCB_SET_PRIORITY, 4, 2 + user_below(&w->random, 4), 0, 0, 0);
		break;
	case 5:
		campaign_invoke(w, spare, TCB_SET_PRIORITY, 4, user_below(&w->random, PRIORITIES + 8), 0, 0, 0);
		break;
	case 6:
	case 7:
		user_prepare(user_buffers[self], number, worker_body);
		campaign_invoke(w, tcb, TCB_WRITE_REGISTERS, length, 0, 0, 0, 0);
		break;
	case 8:
		user_prepare(user_buffers[self], number, worker_body);
		campaign_invoke(w, spare, TCB_WRITE_REGISTERS, length, 0, 0, 0, 0);
		break;
	case 9:
		campaign_invoke(w, user_below(&w->random, 2) ? spare : tcb, TCB_READ_REGISTERS, length, 0, 0, 0, 0);
		break;
	case 10:
	case 11:
		campaign_invoke(w, tcb, TCB_RESUME, 4, 0, 0, 0, 0);
		break;
	case 12:
	case 13:
		campaign_invoke(w, tcb, TCB_SUSPEND, 4, 0, 0, 0, 0);
		break;
	case 14:
		campaign_invoke(w, spare, TCB_SUSPEND, 4, 0, 0, 0, 0);
		break;
	default:
		campaign_invoke(w, tcb, user_below(&w->random, 3) + (user_below(&w->random, 2) ? 0 : TCB_SUSPEND + 1), 4, 0, 0, 0, 0);
		break;
	}
}

static void operation_irq(struct worker *w)
{
	switch (user_below(&w->random, 10)) {
	case 0:
		campaign_invoke(w, CAP_UART_IRQ, IRQ_CLEAR, 4, 0, 0, 0, 0);
		break;
	case 1:
	case 2:
	case 3:
	case 4:
		campaign_invoke(w, CAP_UART_IRQ, IRQ_BIND, 4, notification_pick(w, CAP_WAIT_ONLY), 0, 0, 0);
		break;
	case 5:
		campaign_invoke(w, CAP_UART_IRQ, IRQ_ACK, 4, 0, 0, 0, 0);
		break;
	case 6:
		campaign_invoke(w, CAP_UART_IRQ, user_below(&w->random, 10), 4, 0, 0, 0, 0);
		break;
	case 7:
		campaign_invoke(w, CAP_TIMER, LABELS + user_below(&w->random, 10), 4, 0, 0, 0, 0);
		break;
	default:
		campaign_invoke(w, CAP_TIMER, TIMER_SET, 4, user_time() + user_below(&w->random, 400), 0, 0, 0);
		break;
	}
}

/* Wrong kinds of object, slots that are none. */
static void operation_wrong(struct worker *w)
{
	campaign_invoke(w, user_below(&w->random, 2) ? cap_bad(w) : CAP_ENDPOINT, user_below(&w->random, 16), 4, 0, 0, 0, 0);
}

static void operation_any(struct worker *w)
{
	word dice = user_below(&w->random, 40);

	static const word calls[] = {SYS_SEND, SYS_NBSEND, SYS_RECV, SYS_NBRECV, SYS_CALL, SYS_REPLYRECV};

	if (dice < 18)
		operation_ipc(w, calls[dice / 3]);
	else if (dice < 21)
		operation_signal(w);
	else if (dice < 23)
		operation_wait(w);
	else if (dice < 25)
		campaign_call(w, dice & 1 ? SYS_YIELD : SYS_REPLY, 0);
	else if (dice < 27)
		operation_unknown(w);
	else if (dice < 29)
		operation_fault(w);
	else if (dice < 30)
		operation_timer(w);
	else if (dice < 31)
		campaign_device(w);
	else if (dice < 33)
		operation_cnode(w);
	else if (dice < 36)
		operation_tcb(w);
	else if (dice < 38)
		operation_irq(w);
	else
		operation_wrong(w);
}

/* A role does what it is for most of the time, and anything otherwise. */
static void operation_by_role(struct worker *w)
{
	word dice = user_below(&w->random, 8);

	if (dice == 7) {
		operation_any(w);
		return;
	}
	switch (w->role) {
	case SERVER:
		if (dice == 6)
			campaign_call(w, SYS_REPLY, 0);
		else
			operation_ipc(w, dice < 4 ? SYS_REPLYRECV : dice < 5 ? SYS_RECV : SYS_NBRECV);
		break;
	case CLIENT:
		operation_ipc(w, dice < 4 ? SYS_CALL : dice < 6 ? SYS_SEND : SYS_NBSEND);
		break;
	case WAITER:
		operation_wait(w);
		break;
	case SIGNALER:
		if (dice < 5)
			operation_signal(w);
		else if (dice < 6)
			campaign_call(w, SYS_YIELD, 0);
		else
			operation_unknown(w);
		break;
	case FAULTER:
		operation_fault(w);
		break;
	case INTERRUPTER:
		if (dice < 3)
			operation_timer(w);
		else
			campaign_device(w);
		break;
	case HANDLER:
		campaign_call(w, w->has_reply ? SYS_REPLYRECV : SYS_RECV, CAP_ENDPOINT + FAULT_ENDPOINT);
		break;
	case OPERATOR:
		if (dice < 2)
			operation_cnode(w);
		else if (dice < 5)
			operation_tcb(w);
		else
			operation_irq(w);
		break;
	default:
		operation_any(w);
		break;
	}
}

/* A worker that is through suspends itself; one that cannot (its CNode was exchanged) faults until nobody replies. */
void worker_body(word number)
{
	struct worker *w = &workers[number];

	while (w->left) {
		w->left--;
		operation_by_role(w);
	}
	for (;;) {
		entry_count();
		campaign_evict(w);
		user_invoke(pointer(w, CAP_THREAD + number), TCB_SUSPEND, 0, 0, 0, 0);
		user_illegal();
	}
}

/* ---- rounds -------------------------------------------------------------------------------------------------------- */

static void temper_pick(struct worker *root)
{
	word dice = user_below(&root->random, 100);

	temper = dice < 40   ? TEMPER_MIXED
		 : dice < 55 ? TEMPER_WARM
		 : dice < 80 ? TEMPER_COLD
		 : dice < 88 ? TEMPER_WORST
			     : TEMPER_PARTIAL;
	long_messages = user_below(&root->random, 3) == 0;
}

/* This one mostly, or any. */
static word endpoint_of(struct worker *root, word endpoint)
{
	return user_below(&root->random, 6) ? endpoint : user_below(&root->random, ENDPOINTS);
}

static word fault_endpoint_of(struct worker *root, word endpoint)
{
	return user_below(&root->random, 3) ? FAULT_ENDPOINT : endpoint_of(root, endpoint);
}

/* Each round has someone to serve and someone to be served; the rest is as it comes. */
static enum role role_pick(struct worker *root, unsigned number)
{
	switch (number) {
	case 1:
		return SERVER;
	case 2:
		return CLIENT;
	case 3:
		return user_below(&root->random, 3) ? FAULTER : SERVER;
	case 4:
		return user_below(&root->random, 2) ? WAITER : CLIENT;
	case 5:
		return user_below(&root->random, 2) ? FAULTER : INTERRUPTER;
	case 6:
		return user_below(&root->random, 2) ? HANDLER : (enum role)user_below(&root->random, ROLES);
	default:
		return (enum role)user_below(&root->random, ROLES);
	}
}

static void worker_start(struct worker *root, unsigned number, enum role role, word priority)
{
	struct worker *w = &workers[number];
	word tcb = CAP_THREAD + number, fault = CAP_FAULT + number * (ENDPOINTS + 1);

	w->random = user_random(&root->random) | 1;
	w->role = role;
	w->left = 16 + user_below(&root->random, 64);
	w->has_reply = false;
	campaign_invoke(root, tcb, TCB_SUSPEND, 4, 0, 0, 0, 0);
	campaign_invoke(root, tcb, TCB_SET_PRIORITY, 4, priority, 0, 0, 0);
	w->deep = long_messages || user_below(&root->random, 3) == 0;
	campaign_invoke(root, tcb, TCB_CONFIGURE, 4, w->deep ? CAP_DEEP : CAP_CNODE, TCB_CSPACE, 0, 0);
	campaign_invoke(root, tcb, TCB_CONFIGURE, 4, CAP_SPACE + user_below(&root->random, SPACES), TCB_VSPACE, 0, 0);
	campaign_invoke(root, tcb, TCB_CONFIGURE, 4, user_below(&root->random, 10) ? fault + fault_endpoint_of(root, w->endpoint) : 0, TCB_FAULT, 0, 0);
	if (user_below(&root->random, 2))
		campaign_invoke(root, tcb, TCB_CONFIGURE, 4, user_below(&root->random, 8) ? CAP_IMAGE : 0, TCB_BUFFER, user_buffer_offset(number), 0);
	user_prepare(user_buffers[0], number, worker_body);
	campaign_invoke(root, tcb, TCB_WRITE_REGISTERS, REGISTERS_LENGTH, 0, 0, 0, 0);
	campaign_invoke(root, tcb, TCB_RESUME, 4, 0, 0, 0, 0);
	/* now it is ready, alone at its priority or not */
	switch (user_below(&root->random, 8)) {
	case 0:
		campaign_invoke(root, tcb, TCB_SUSPEND, 4, 0, 0, 0, 0);
		campaign_invoke(root, tcb, TCB_RESUME, 4, 0, 0, 0, 0);
		break;
	case 1:
		campaign_invoke(root, tcb, TCB_SET_PRIORITY, 4, priority, 0, 0, 0);
		break;
	}
}

/* The root task waits for the timer, so that idle runs. */
static void root_sleep(struct worker *root)
{
	struct message message = {0};
	word badge = 0;

	campaign_invoke(root, CAP_TIMER, TIMER_BIND, 4, CAP_SLEEP_SIGNAL, 0, 0, 0);
	campaign_invoke(root, CAP_TIMER, TIMER_SET, 4, user_time() + evict_ticks() + user_below(&root->random, 20), 0, 0, 0);
	entry_count();
	campaign_evict(root);
	user_syscall(SYS_WAIT, SLEEP_NOTIFICATION, &message, &badge);
}

/* Where the timer's interrupts go in a round: to one of the notifications, or nowhere. */
static void root_bind_timer(struct worker *root)
{
	word dice = user_below(&root->random, 12);

	if (dice == 0)
		campaign_invoke(root, CAP_TIMER, TIMER_CLEAR, 4, 0, 0, 0, 0);
	else if (dice < 4)
		campaign_invoke(root, CAP_TIMER, TIMER_BIND, 4, notification_pick(root, CAP_WAIT_ONLY), 0, 0, 0);
	else
		campaign_invoke(root, CAP_TIMER, TIMER_BIND, 4, CAP_SIGNAL + user_below(&root->random, NOTIFICATIONS), 0, 0, 0);
	if (user_below(&root->random, 4))
		campaign_invoke(root, CAP_UART_IRQ, IRQ_BIND, 4, CAP_SIGNAL + user_below(&root->random, NOTIFICATIONS), 0, 0, 0);
}

/* An operation that cannot block the root task. */
static void root_stir(struct worker *root, word endpoint)
{
	word dice = user_below(&root->random, 20);

	root->endpoint = endpoint_of(root, endpoint);
	if (root->has_reply && dice < 18)
		campaign_call(root, SYS_REPLY, 0);
	else if (dice < 5)
		operation_ipc(root, SYS_NBSEND);
	else if (dice < 8)
		operation_ipc(root, SYS_NBRECV);
	else if (dice < 11)
		campaign_call(root, SYS_NBRECV, CAP_ENDPOINT + FAULT_ENDPOINT);
	else if (dice < 15)
		operation_signal(root);
	else if (dice < 16)
		campaign_call(root, user_below(&root->random, 2) ? SYS_YIELD : SYS_REPLY, 0);
	else if (dice < 17)
		campaign_device(root);
	else if (dice < 18)
		operation_timer(root);
	else if (dice < 19)
		operation_tcb(root);
	else
		root_sleep(root);
}

/* A contest: clients queue for one server that is less important than they are, with the longest messages and all lines
 * cold, so that each reply finds the next call waiting and wakes a thread that runs at once, often in another vspace. */
static void contest_pick(struct worker *root)
{
	temper = user_below(&root->random, 4) ? TEMPER_COLD : TEMPER_WORST;
	long_messages = true;
}

static void round_run(struct worker *root)
{
	word endpoint = user_below(&root->random, ENDPOINTS), spread = user_below(&root->random, 3);

	bool contest = user_below(&root->random, 8) == 0;

	temper_pick(root);
	if (contest)
		contest_pick(root);
	for (unsigned i = 1; i <= WORKERS; i++) {
		word priority = 2 + user_below(&root->random, spread == 0 ? 1 : spread == 1 ? 3 : 60);

		workers[i].endpoint = contest ? endpoint : endpoint_of(root, endpoint);
		if (contest)
			worker_start(root, i, i == 1 ? SERVER : i == 6 ? WAITER : CLIENT, i == 1 ? 2 : priority + 1);
		else
			worker_start(root, i, role_pick(root, i), priority);
	}
	drills_run(root);
	root_bind_timer(root);
	campaign_invoke(root, CAP_THREAD, TCB_SET_PRIORITY, 4, 1, 0, 0, 0);
	for (word stirs = user_below(&root->random, 160); stirs; stirs--)
		root_stir(root, endpoint);
	campaign_invoke(root, CAP_THREAD, TCB_SET_PRIORITY, 4, ROOT_PRIORITY, 0, 0, 0);
}

static void capabilities_make(void)
{
	for (word i = 0; i < ENDPOINTS; i++) {
		user_mint(CAP_ENDPOINT + i, CAP_BADGED + i, i == 2 ? RIGHT_SEND | RIGHT_RECV : RIGHTS_ALL, 0x10 + i);
		user_mint(CAP_ENDPOINT + i, CAP_SEND_ONLY + i, RIGHT_SEND | RIGHT_GRANT, 0x20 + i);
		user_mint(CAP_ENDPOINT + i, CAP_RECV_ONLY + i, RIGHT_RECV, 0x30 + i);
	}
	for (word worker = 1; worker <= WORKERS; worker++)
		for (word i = 0; i <= FAULT_ENDPOINT; i++)
			user_mint(CAP_ENDPOINT + i, CAP_FAULT + worker * (ENDPOINTS + 1) + i, RIGHT_SEND, FAULT_BADGE + worker);
	for (word i = 0; i < NOTIFICATIONS; i++) {
		user_mint(CAP_NOTIFICATION + i, CAP_SIGNAL + i, RIGHT_SEND | RIGHT_RECV, 1 << i);
		user_mint(CAP_NOTIFICATION + i, CAP_SIGNAL_ONLY + i, RIGHT_SEND, 0x10 << i);
		user_mint(CAP_NOTIFICATION + i, CAP_WAIT_ONLY + i, RIGHT_RECV, 0x100 << i);
	}
	user_mint(SLEEP_NOTIFICATION, CAP_SLEEP_SIGNAL, RIGHT_SEND | RIGHT_RECV, 1);
}

void campaign_main(void)
{
	struct worker *root = &workers[0];
	word enough = argument_entries() ? argument_entries() : DEFAULT_ENTRIES;

	root->random = argument_seed() * 2 + 1;
	for (unsigned i = 0; i < 8; i++)
		user_random(&root->random);
	capabilities_make();
	for (unsigned i = 0; i <= WORKERS; i++)
		user_set_buffer(CAP_THREAD + i, CAP_IMAGE, user_buffer_offset(i));
	while (entries < enough)
		round_run(root);
}
