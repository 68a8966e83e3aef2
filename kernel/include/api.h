/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's interface to user programs: system calls, messages, errors, invocations, and what the root task starts
 * with. Included by the kernel and by user code; C and assembly.
 *
 * A system call is `ecall` with
 *     a7  the call's number (SYS_*)
 *     a0  a capability pointer: the index of a slot in the caller's CNode
 *     a1  the message's info word: label << 8 | length in words
 *     a2..a5  words 0..3 of the message; words 4.. lie in the caller's IPC buffer, each at its own index
 * and returns
 *     a0  0 or an error (KERNEL_*)
 *     a1  info of the message received       a2..a5  its words 0..3        a6  badge of the sender's capability
 * Other registers keep their values. a1 to a6 change only where a message or a notification arrives.
 *
 * An IPC buffer is 1 KiB, aligned to 1 KiB. The kernel moves words 4.. by whole 64-byte lines: words behind the length,
 * up to the end of its line, arrive as well. When sender or receiver has no buffer, the message arrives cut to four words.
 */
#ifndef KERNEL_API_H
#define KERNEL_API_H

#define SYS_SEND 0	/* sends; waits for a receiver */
#define SYS_NBSEND 1	/* sends if a receiver waits, else KERNEL_WOULD_BLOCK */
#define SYS_RECV 2	/* receives; waits for a sender */
#define SYS_NBRECV 3	/* receives if a sender waits, else KERNEL_WOULD_BLOCK */
#define SYS_CALL 4	/* sends, then waits for the reply */
#define SYS_REPLYRECV 5 /* replies to the caller received last (if there is one), then receives */
#define SYS_SIGNAL 6	/* ors the capability's badge into the notification */
#define SYS_WAIT 7	/* takes the notification's word; waits while it is 0 */
#define SYS_YIELD 8	/* goes behind the other ready threads of the same priority */
#define SYS_REPLY 9	/* replies to the caller received last; a0 is ignored */
#define SYS_INVOKE 10	/* asks an operation (label) of the object that a0 names: see below */
#define SYS_COUNT 11

#define KERNEL_OK 0
#define KERNEL_BAD_SYSCALL 1	 /* a7 names no call */
#define KERNEL_BAD_CAP 2	 /* a0 or an argument is no slot, an empty one, or not of the type asked for */
#define KERNEL_NO_RIGHT 3	 /* the capability lacks the right that the call needs */
#define KERNEL_MESSAGE_LENGTH 4	 /* longer than MESSAGE_WORDS_MAX, or shorter than the invocation needs */
#define KERNEL_WOULD_BLOCK 5	 /* nobody waits at the other side */
#define KERNEL_ABORTED 6	 /* the one who owed the reply received again, or was suspended */
#define KERNEL_BAD_OPERATION 7	 /* the object knows no such label */
#define KERNEL_BAD_ARGUMENT 8	 /* out of range, or misaligned */
#define KERNEL_BAD_STATE 9	 /* the thread's state forbids it; the slot is full; there is no caller to reply to */
#define KERNEL_NO_BUFFER 10	 /* the invocation needs the caller's IPC buffer, and there is none */

#define MESSAGE_REGISTERS 4
#define MESSAGE_WORDS_MAX 120
#define IPC_BUFFER_SIZE 1024
#define IPC_BUFFER_WORDS 128

/* rights of an endpoint or notification capability */
#define RIGHT_SEND 1 /* send, call, signal */
#define RIGHT_RECV 2 /* receive, wait */

/* Invocations: a1 = label << 8 | length, arguments in a2..a5. */
#define CNODE_MINT 1		/* a2 from, a3 to (empty slot), a4 rights (masked by the original's), a5 badge */
#define CNODE_DELETE 2		/* a2 slot */
#define TCB_SET_SPACE 3		/* a2 CNode, a3 vspace, a4 endpoint that faults go to (0: none) */
#define TCB_SET_BUFFER 4	/* a2 frame (0: none), a3 offset of the IPC buffer in it */
#define TCB_SET_PRIORITY 5	/* a2 priority, 1 .. PRIORITIES-1 */
#define TCB_WRITE_REGISTERS 6	/* words 8..39 of the IPC buffer: pc, x1 .. x31. The thread must be inactive */
#define TCB_READ_REGISTERS 7	/* into the same words */
#define TCB_RESUME 8		/* starts an inactive thread */
#define TCB_SUSPEND 9		/* makes a thread inactive, whatever it waits for */
#define IRQ_BIND 10		/* a2 notification capability (needs RIGHT_SEND): where the interrupt is delivered */
#define IRQ_CLEAR 11		/* undoes IRQ_BIND; the interrupt is masked */
#define IRQ_ACK 12		/* the interrupt may come again */
#define TIMER_SET 13		/* a2 deadline in ticks of `time`; one interrupt; a new deadline replaces the old */

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

/* What the root task's CNode (ROOT_SLOTS slots) holds at its start. */
#define CAP_NULL 0
#define CAP_CNODE 1	/* the root task's own CNode */
#define CAP_CNODE_SMALL 2 /* a second, empty CNode of SMALL_SLOTS slots */
#define CAP_TIMER 3
#define CAP_UART_IRQ 4
#define CAP_IMAGE 5	/* frame of the user image */
#define CAP_VSPACE 8	/* BOOT_VSPACES of them; the root task runs in the first */
#define CAP_ENDPOINT 16 /* BOOT_ENDPOINTS of them, badge 0, all rights */
#define CAP_NOTIFICATION 32
#define CAP_TCB 48	/* the first is the root task's */
#define CAP_FREE 64	/* empty from here on */
#define ROOT_SLOTS_BITS 8
#define SMALL_SLOTS_BITS 5
#define BOOT_VSPACES 3
#define BOOT_ENDPOINTS 16
#define BOOT_NOTIFICATIONS 16
#define BOOT_TCBS 16
#define ROOT_PRIORITY 63

/* The user image and a few frames, mapped alike in each vspace. */
#define USER_IMAGE 0x200000 /* 2 MiB, read, write, execute: shared by all vspaces */
#define USER_IMAGE_SIZE 0x200000
#define USER_ARGUMENTS 0x400000 /* boot arguments, read only */
#define USER_UART 0x401000
#define USER_POWER 0x402000   /* first vspace only: store 0x5555 to power off */
#define USER_COUNTER 0x403000 /* first vspace only: the board's counter page */
#define USER_PRIVATE 0x404000 /* a frame of each vspace's own */
#define USER_UNMAPPED 0x405000 /* nothing from here on */

#endif
