#include "CRaft.h"
