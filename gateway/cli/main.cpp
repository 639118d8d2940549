// The program `gateway`.
#include "gateway/cli/gateway_main.h"

int main(int argc, char** argv) { return gateway::gateway_main(argc, argv); }
