const name = 'EspalierWarning'

/** Says what is no error and yet not as expected: as one of Node's warnings, which a program may take itself. */
export const warn = (text: string): void => process.emitWarning(text, name)

export const isWarning = (warning: Error): boolean => warning.name === name
