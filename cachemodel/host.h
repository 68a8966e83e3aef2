/* host: the machine that this runs on, measured by an unprivileged program; see model_infer_host. */
#ifndef POTOROO_CACHEMODEL_HOST_H
#define POTOROO_CACHEMODEL_HOST_H

#include "cachemodel/cachemodel.h"

struct model *host_infer(struct err *e);

#endif
