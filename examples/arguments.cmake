# What the tests call the examples with. All of them run in one scratch folder; train makes
# example-run there, predict reads its model.
set(EXAMPLE_ARGUMENTS_train ${CMAKE_SOURCE_DIR}/tests/data/small.yaml example-run)
set(EXAMPLE_ARGUMENTS_loop ${CMAKE_SOURCE_DIR}/tests/data/small.yaml example-loop.safetensors)
set(EXAMPLE_ARGUMENTS_predict example-run ${CMAKE_SOURCE_DIR}/tests/data/ring.pgm)
