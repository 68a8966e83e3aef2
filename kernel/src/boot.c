/* SPDX-License-Identifier: GPL-2.0-or-later
 * Makes every object and the root task. Runs once, before any kernel entry; compiled without probes. */
#include "object.h"

#define PAGE_WORDS 512
#define PTE_USER (PTE_V | PTE_U | PTE_A | PTE_D)

static struct tcb tcbs[BOOT_TCBS], idle;
static struct endpoint endpoints[BOOT_ENDPOINTS];
static struct notification notifications[BOOT_NOTIFICATIONS];
static struct vspace vspaces[BOOT_VSPACES], kernel_vspace;
static struct cap root_slots[1 << ROOT_SLOTS_BITS], small_slots[1 << SMALL_SLOTS_BITS];
static struct cnode root_cnode = {ROOT_SLOTS_BITS, root_slots}, small_cnode = {SMALL_SLOTS_BITS, small_slots};

static word pool; /* the next free physical address */

static word boot_allocate(word size)
{
	word at = (pool + size - 1) & ~(size - 1);
	word *words = phys_to_virt(at);

	pool = at + size;
	if (pool > BOARD_RAM_END)
		panic();
	for (word i = 0; i < size / sizeof *words; i++)
		words[i] = 0;
	return at;
}

static word pte(word physical, word flags)
{
	return physical >> 2 | flags;
}

static void boot_vspace(word index, word image)
{
	word root = boot_allocate(4096), middle = boot_allocate(4096), leaf = boot_allocate(4096);
	word *top = phys_to_virt(root), *mid = phys_to_virt(middle), *low = phys_to_virt(leaf);

	for (word i = PAGE_WORDS / 2; i < PAGE_WORDS; i++)
		top[i] = kernel_root[i];
	top[0] = pte(middle, PTE_V);
	mid[USER_IMAGE >> 21] = pte(image, PTE_USER | PTE_R | PTE_W | PTE_X);
	mid[USER_ARGUMENTS >> 21] = pte(leaf, PTE_V);
	low[(USER_ARGUMENTS >> 12) % PAGE_WORDS] = pte(BOARD_ARGUMENTS, PTE_USER | PTE_R);
	low[(USER_UART >> 12) % PAGE_WORDS] = pte(BOARD_UART, PTE_USER | PTE_R | PTE_W);
	low[(USER_PRIVATE >> 12) % PAGE_WORDS] = pte(boot_allocate(4096), PTE_USER | PTE_R | PTE_W);
	if (index == 0) {
		low[(USER_POWER >> 12) % PAGE_WORDS] = pte(BOARD_POWER, PTE_USER | PTE_R | PTE_W);
		low[(USER_COUNTER >> 12) % PAGE_WORDS] = pte(BOARD_COUNTER, PTE_USER | PTE_R | PTE_W);
	}
	vspaces[index].satp = SATP_SV39 | (index + 1) << SATP_ASID_SHIFT | root >> 12;
}

static word boot_image(void)
{
	word image = boot_allocate(USER_IMAGE_SIZE);
	word *to = phys_to_virt(image), *from = (word *)user_image;
	word words = (word)(user_image_end - user_image) / sizeof *from;

	if (words > USER_IMAGE_SIZE / sizeof *from)
		panic();
	for (word i = 0; i < words; i++)
		to[i] = from[i];
	return image;
}

static void boot_cap(word slot, enum cap_type type, void *object, word extra)
{
	root_slots[slot] = (struct cap){.type = type, .rights = RIGHT_SEND | RIGHT_RECV, .extra = extra, .object = object};
}

static void boot_caps(word image)
{
	boot_cap(CAP_CNODE, CAP_TYPE_CNODE, &root_cnode, 0);
	boot_cap(CAP_CNODE_SMALL, CAP_TYPE_CNODE, &small_cnode, 0);
	boot_cap(CAP_TIMER, CAP_TYPE_TIMER, NULL, 0);
	boot_cap(CAP_UART_IRQ, CAP_TYPE_IRQ, NULL, BOARD_UART_IRQ);
	boot_cap(CAP_IMAGE, CAP_TYPE_FRAME, phys_to_virt(image), USER_IMAGE_SIZE);
	for (word i = 0; i < BOOT_VSPACES; i++)
		boot_cap(CAP_VSPACE + i, CAP_TYPE_VSPACE, &vspaces[i], 0);
	for (word i = 0; i < BOOT_ENDPOINTS; i++)
		boot_cap(CAP_ENDPOINT + i, CAP_TYPE_ENDPOINT, &endpoints[i], 0);
	for (word i = 0; i < BOOT_NOTIFICATIONS; i++)
		boot_cap(CAP_NOTIFICATION + i, CAP_TYPE_NOTIFICATION, &notifications[i], 0);
	for (word i = 0; i < BOOT_TCBS; i++)
		boot_cap(CAP_TCB + i, CAP_TYPE_TCB, &tcbs[i], 0);
}

static void boot_lists(void)
{
	for (word i = 0; i < PRIORITIES; i++)
		list_init(&ready[i]);
	for (word i = 0; i < BOOT_ENDPOINTS; i++) {
		list_init(&endpoints[i].senders);
		list_init(&endpoints[i].receivers);
	}
	for (word i = 0; i < BOOT_NOTIFICATIONS; i++)
		list_init(&notifications[i].waiters);
	list_init(&irq_nobody.waiters);
	for (word i = 0; i < IRQS; i++)
		irqs[i].notification = &irq_nobody;
}

static void boot_thread(struct tcb *thread, struct vspace *vspace, word pc, word status)
{
	list_init(&thread->link);
	thread->vspace = vspace;
	thread->cspace = &root_cnode;
	thread->priority = 1;
	thread->context.x[REG_PC] = pc;
	thread->context.status = status;
}

static void boot_threads(void)
{
	kernel_vspace.satp = SATP_SV39 | virt_to_phys(kernel_root) >> 12;
	for (word i = 0; i < BOOT_TCBS; i++)
		boot_thread(&tcbs[i], &vspaces[0], USER_IMAGE, SSTATUS_SPIE);
	boot_thread(&idle, &kernel_vspace, (word)idle_loop, SSTATUS_SPIE | SSTATUS_SPP);
	idle.priority = 0;
	tcbs[0].priority = ROOT_PRIORITY;
	ready_add(&idle);
	ready_add(&tcbs[0]);
}

struct tcb *boot_main(void)
{
	pool = virt_to_phys(kernel_end);
	*device(BOARD_PLIC + 4 * BOARD_UART_IRQ) = 1;
	*device(PLIC_THRESHOLD) = 0;
	csr_write(sie, SIE_STIE | SIE_SEIE);
	boot_lists();

	word image = boot_image();

	for (word i = 0; i < BOOT_VSPACES; i++)
		boot_vspace(i, image);
	boot_caps(image);
	boot_threads();
	return schedule();
}

_Static_assert(offsetof(struct tcb, context.status) == CONTEXT_STATUS, "trap.S knows this offset");
_Static_assert(sizeof(struct tcb) % 64 == 0 && sizeof(struct cap) == 32, "objects keep to lines");
