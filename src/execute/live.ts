/** Gives an object properties of a value that may change: each is read as it is now. A spread copies them as they are then. */
export const withLive = <A extends object, B, K extends keyof B>(
  object: A,
  now: () => B,
  names: readonly K[],
): A & Pick<B, K> =>
  Object.defineProperties(
    object,
    Object.fromEntries(names.map(name => [name, { get: () => now()[name], enumerable: true }])),
  ) as A & Pick<B, K>
