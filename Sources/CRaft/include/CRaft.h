#pragma once
#include <raft.h>
