/* tables: jump tables and other indirect transfers, resolved on the lifted code. Private to cfg. */
#ifndef POTOROO_CFG_TABLES_H
#define POTOROO_CFG_TABLES_H

#include "cfg/graph.h"

/* Look at every indirect transfer of the graph that no fact decides and put what can be proved of it into g->own->known.
 * True: something changed, so the graph has to be made again. LAST: give up on what is still changing instead. */
bool tables_resolve(struct cfg *g, bool last);
/* Reports blocks that leave a function with another return address than the caller's. */
void tables_check_returns(struct cfg *g);

#endif
