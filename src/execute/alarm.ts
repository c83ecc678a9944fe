/** Tells the time, in milliseconds, and when some of it has passed. */
export interface Alarm {
  readonly now: () => number
  /** Calls after so many milliseconds, unless what it returns is called before. */
  readonly after: (milliseconds: number, call: () => void) => () => void
}

export const machineAlarm: Alarm = {
  now: () => performance.now(),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, Math.ceil(milliseconds))
    return () => clearTimeout(timer)
  },
}
