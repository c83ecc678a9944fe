/** Numbers as NumPy's `.npy`, version 1.0: 32-bit floats, row-major. */
export const npyOf = (values: Float32Array, shape: readonly number[]): Uint8Array => {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const said = `{'descr': '<f4', 'fortran_order': False, 'shape': (${extents}), }`
  const head = 10
  const header = said.padEnd(Math.ceil((head + said.length + 1) / 64) * 64 - head - 1).concat('\n')
  const bytes = new Uint8Array(head + header.length + 4 * values.length)
  bytes.set([0x93, ...Buffer.from('NUMPY'), 1, 0])
  const view = new DataView(bytes.buffer)
  view.setUint16(8, header.length, true)
  bytes.set(Buffer.from(header, 'latin1'), head)
  values.forEach((value, k) => {
    view.setFloat32(head + header.length + 4 * k, value, true)
  })
  return bytes
}
