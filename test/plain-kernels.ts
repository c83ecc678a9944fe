/** Whether this run is the one on TensorFlow's plain kernels, without oneDNN: of nothing but what they compute. */
export const plainKernels = process.env.ESPALIER_TEST_PLAIN_KERNELS === '1'
