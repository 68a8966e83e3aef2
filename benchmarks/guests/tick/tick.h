/* tick: a small preemptive kernel in M-mode; its tasks run in U-mode, each with a priority of its own (0 is the highest). */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

enum { TASKS = 6, SEMAPHORES = 3, QUEUES = 2, QUEUE_SLOTS = 4, MESSAGE_WORDS = 4, SEMAPHORE_MAX = 5 };
enum call { CALL_TIME, CALL_SLEEP, CALL_WAIT, CALL_POST, CALL_SEND, CALL_RECEIVE, CALL_KICK, CALL_STATISTICS };

void task_entry(uint64_t number); /* tasks.c */

#endif
