/** The folder of this repository. */
export const root = new URL('../../', import.meta.url)
