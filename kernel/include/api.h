/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's interface to user programs: system calls, messages, errors, invocations, and what the root task starts
 * with. Included by the kernel and by user code; C and assembly.
 *
 * A system call is `ecall` with
 *     a7  the call's number (SYS_*)
 *     a0  a capability pointer: 64 bits, resolved from the caller's CSpace (see CNodes)
 *     a1  the message's info word: label << 8 | MESSAGE_CAP if a capability goes along | length in words
 *     a2..a5  words 0..3 of the message; words 4.. lie in the caller's IPC buffer, each at its own index
 * and returns
 *     a0  0 or an error (KERNEL_*)
 *     a1  info of the message received       a2..a5  its words 0..3        a6  badge of the sender's capability
 * Other registers keep their values. a1 to a6 change only where a message or a notification arrives.
 *
 * An IPC buffer is 1 KiB, aligned to 1 KiB. The kernel moves words 4.. by whole 64-byte lines: words behind the length,
 * up to the end of its line, arrive as well. When sender or receiver has no buffer, the message arrives cut to four words.
 *
 * One capability may go along with a message sent through a capability with RIGHT_GRANT (a reply always may): the sender's
 * buffer says which, the receiver's where to. Where that cannot be done, the message arrives without MESSAGE_CAP.
 */
#ifndef KERNEL_API_H
#define KERNEL_API_H

#define SYS_SEND 0	/* sends; waits for a receiver */
#define SYS_NBSEND 1	/* sends if a receiver waits, else KERNEL_WOULD_BLOCK */
#define SYS_RECV 2	/* receives; waits for a sender, or for a signal to the notification bound to the thread */
#define SYS_NBRECV 3	/* receives if a sender waits, else KERNEL_WOULD_BLOCK */
#define SYS_CALL 10	/* sends, then waits for the reply */
#define SYS_REPLYRECV 11 /* replies to the caller received last (if there is one), then receives */
#define SYS_SIGNAL 4	/* ors the capability's badge into the notification */
#define SYS_WAIT 5	/* takes the notification's word; waits while it is 0 */
#define SYS_YIELD 6	/* goes behind the other ready threads of the same priority */
#define SYS_REPLY 7	/* replies through a reply capability; a0 = 0: to the caller received last */
#define SYS_INVOKE 8	/* asks an operation (label) of the object that a0 names: see below */
#define SYS_POLL 9	/* takes the notification's word; KERNEL_WOULD_BLOCK while it is 0 */
#define SYS_COUNT 12

#define KERNEL_OK 0
#define KERNEL_BAD_SYSCALL 1	/* a7 names no call */
#define KERNEL_BAD_CAP 2	/* a pointer leads to no slot, to an empty one, or to a capability not of the type asked for */
#define KERNEL_NO_RIGHT 3	/* the capability lacks the right that the call needs */
#define KERNEL_MESSAGE_LENGTH 4 /* longer than MESSAGE_WORDS_MAX, or shorter than the invocation needs */
#define KERNEL_WOULD_BLOCK 5	/* nobody waits at the other side */
#define KERNEL_ABORTED 6	/* who owed the reply gave it up, or the object waited for was deleted */
#define KERNEL_BAD_OPERATION 7	/* the object knows no such label */
#define KERNEL_BAD_ARGUMENT 8	/* out of range, or misaligned */
#define KERNEL_BAD_STATE 9	/* the slot is full; mapped or not mapped; not inactive; taken; no caller; not to be copied */
#define KERNEL_NO_BUFFER 10	/* the invocation needs the caller's IPC buffer, and there is none */
#define KERNEL_NO_MEMORY 11	/* what is left of the untyped memory is too small */
#define KERNEL_NO_TABLE 12	/* a page table on the way to the address is missing */
#define KERNEL_ERRORS 13

#define MESSAGE_REGISTERS 4
#define MESSAGE_WORDS_MAX 120
#define MESSAGE_CAP 0x80
#define IPC_BUFFER_SIZE 1024
#define IPC_BUFFER_WORDS 128
#define BUFFER_SEND_CAP 120	 /* word of the buffer: pointer to the capability to send */
#define BUFFER_RECEIVE_CNODE 121 /* pointer to a CNode */
#define BUFFER_RECEIVE_INDEX 122 /* of the slot in it for the capability received, which must be empty */

/* Rights of a capability; endpoints and notifications use the first three, frames the first two. */
#define RIGHT_SEND 1  /* send, call, signal; read */
#define RIGHT_RECV 2  /* receive, wait; write */
#define RIGHT_GRANT 4 /* send capabilities along */
#define RIGHTS_ALL 7

/* CNodes: 1 << radix slots. A capability to a CNode carries a guard, a number of guard_bits bits. Resolving a pointer takes
 * guard_bits from its top, which must be the guard, then radix bits, which choose a slot; it goes on from there while bits
 * are left and the slot holds a CNode, for LOOKUP_LEVELS CNodes at most. Slots of a CNode that is invoked are named by
 * index and depth: `depth` bits resolved so to the last; depth 0 stands for the CNode's own radix without its guard. */
#define LOOKUP_LEVELS 4
#define CNODE_RADIX_MAX 16
#define GUARD(guard, bits) ((guard) << 6 | (bits))

/* Types of object. */
#define TYPE_NULL 0
#define TYPE_CNODE 1	    /* retype: bits = radix + SLOT_BITS */
#define TYPE_TCB 2
#define TYPE_ENDPOINT 3
#define TYPE_NOTIFICATION 4
#define TYPE_FRAME 5	    /* 4 KiB, 2 MiB or 1 GiB */
#define TYPE_TABLE 6	    /* page table; cannot be copied */
#define TYPE_VSPACE 7	    /* the page table at the top, once it has an ASID */
#define TYPE_REPLY 8	    /* one reply to one caller; can be moved, not copied */
#define TYPE_IRQ 9	    /* one interrupt source */
#define TYPE_IRQ_CONTROL 10
#define TYPE_ASID_CONTROL 11
#define TYPE_TIMER 12
#define TYPE_UNTYPED 13	    /* memory; cannot be copied */
#define TYPES 14

/* Sizes, as powers of two */
#define SLOT_BITS 6
#define ENDPOINT_BITS 6
#define NOTIFICATION_BITS 6
#define TCB_BITS 10
#define PAGE_BITS 12
#define LARGE_BITS 21
#define HUGE_BITS 30
#define UNTYPED_BITS_MIN 6
#define UNTYPED_BITS_MAX 30
#define RETYPE_MAX 8 /* objects at a time */

/* Invocations: a1 = label << 8 | length, arguments in a2..a5. Where a capability is an argument, a2 points to it.
 * An invocation that takes long leaves the kernel now and then, with the pc at its ecall: it may be interrupted there,
 * and goes on where it was. */
/* CNode: a3 index of the destination in it, a4 depth << 8 | rights. Rights never grow. */
#define CNODE_COPY 1	    /* a2 from */
#define CNODE_MINT 2	    /* a2 from, a5 badge (endpoint, notification: once), or GUARD (CNode) */
#define CNODE_MOVE 3	    /* a2 from */
#define CNODE_MUTATE 4	    /* a2 from, a5 as for mint */
#define CNODE_ROTATE 5	    /* a2 from, a5 pivot: the pivot moves to the destination, `from` to where the pivot was */
#define CNODE_DELETE 6	    /* with its last capability an object goes */
#define CNODE_REVOKE 7	    /* deletes all that was derived from the capability */
#define CNODE_CANCEL 8	    /* of an endpoint's capability: who waits to send with its badge goes on, KERNEL_ABORTED */
#define CNODE_SAVE_CALLER 9 /* moves the reply capability of the caller received last there */
/* Untyped: a2 CNode, a3 index of the first slot in it, a4 type, a5 count << 8 | bits of each object's size */
#define UNTYPED_RETYPE 10
/* TCB */
#define TCB_CONFIGURE 11	 /* a2 capability (0: none), a3 TCB_CSPACE and so on, a4 offset of the IPC buffer in the frame */
#define TCB_SET_PRIORITY 12	 /* a2 priority, 1 .. PRIORITIES-1 */
#define TCB_WRITE_REGISTERS 13	 /* words 8..39 of the IPC buffer: pc, x1 .. x31. The thread must be inactive */
#define TCB_READ_REGISTERS 14	 /* into the same words */
#define TCB_RESUME 15		 /* starts an inactive thread */
#define TCB_SUSPEND 16		 /* makes a thread inactive, whatever it waits for */
#define TCB_BIND_NOTIFICATION 17 /* a2 notification (RIGHT_RECV): its signals also reach the thread while it receives */
#define TCB_UNBIND_NOTIFICATION 18
/* Frame: a2 vspace, a3 address, a4 MAP_* */
#define FRAME_MAP 19
#define FRAME_UNMAP 20
#define FRAME_REMAP 21 /* a4 alone: other rights where it is mapped */
/* Page table: a2 vspace, a3 address */
#define TABLE_MAP 22
#define TABLE_UNMAP 23 /* and empties it */
#define ASID_ASSIGN 24 /* of ASID control: a2 page table, a3 ASID: the table becomes a vspace */
#define IRQ_GET 25     /* of IRQ control: a2 CNode, a3 index in it, a4 number of the source */
#define IRQ_BIND 26    /* a2 notification (RIGHT_SEND): where the interrupt is delivered */
#define IRQ_CLEAR 27   /* undoes IRQ_BIND; the interrupt is masked */
#define IRQ_ACK 28     /* the interrupt may come again */
#define TIMER_BIND 29
#define TIMER_CLEAR 30
#define TIMER_SET 31   /* a2 deadline in ticks of `time`; one interrupt; a new deadline replaces the old */
#define LABELS 32

#define MAP_READ 1
#define MAP_WRITE 2
#define MAP_EXECUTE 4

#define TCB_CSPACE 0
#define TCB_VSPACE 1
#define TCB_FAULT 2 /* endpoint (RIGHT_SEND) that faults go to */
#define TCB_BUFFER 3

#define REGISTERS_WORD 8 /* where TCB_*_REGISTERS has the registers in the IPC buffer */
#define REGISTERS_LENGTH 40

/* Fault messages arrive at the thread's fault endpoint as if the thread had made a call: label = FAULT_*, words:
 * pc, faulting address or instruction (stval), scause, ra. A reply of label 0 lets the thread go on, at word 0 when
 * its length is at least 1, else at the pc of the fault. Another label leaves it inactive. */
#define FAULT_NONE 0
#define FAULT_PAGE 1
#define FAULT_ILLEGAL 2
#define FAULT_EXCEPTION 3

#define PRIORITIES 64
#define ASIDS 256 /* 1 .. ASIDS-1 can be assigned */
#define USER_TOP 0x4000000000 /* user addresses lie below */

/* What the root task's CNode (1 << ROOT_RADIX slots, a guard of 0 in front) holds at its start. */
#define CAP_NULL 0
#define CAP_CNODE 1 /* the root task's own CNode */
#define CAP_TCB 2
#define CAP_VSPACE 3
#define CAP_ASID_CONTROL 4
#define CAP_IRQ_CONTROL 5
#define CAP_TIMER 6
#define CAP_IMAGE 7	/* frames */
#define CAP_ARGUMENTS 8
#define CAP_UART 9
#define CAP_POWER 10
#define CAP_COUNTER 11
#define CAP_DEVICE 12	/* untyped, 1 GiB of device memory */
#define CAP_UNTYPED 13	/* BOOT_UNTYPED of them */
#define CAP_FREE 16	/* empty from here on */
#define ROOT_RADIX 9
#define ROOT_SLOTS (1 << ROOT_RADIX)
#define BOOT_UNTYPED 3	/* of BOOT_UNTYPED_BITS each */
#define BOOT_UNTYPED_BITS 24
#define BOOT_ASID 1
#define ROOT_PRIORITY 63
#define IRQ_UART 10
#define IRQS_MAX 96 /* sources 1 .. IRQS_MAX-1 */

/* How the root task's vspace is mapped. */
#define USER_IMAGE 0x200000 /* 2 MiB, read, write, execute */
#define USER_IMAGE_SIZE 0x200000
#define USER_ARGUMENTS 0x400000 /* boot arguments, read only */
#define USER_UART 0x401000
#define USER_POWER 0x402000   /* store 0x5555 to power off */
#define USER_COUNTER 0x403000 /* the board's counter page */

#endif
