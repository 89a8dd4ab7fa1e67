/** Numbers for people, formatted the same way on every machine. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `1234567` → `1,234,567`. Rounded to a whole number. */
export const grouped = (value: number): string => whole.format(value)

/** `0.7312` → `0.73 s`, `31.249` → `31.2 s`. */
export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`

/** In seconds: `0.001342` → `1.34 ms`, `0.0312` → `31.2 ms`. */
export const milliseconds = (value: number): string => `${(value * 1000).toFixed(value < 0.01 ? 2 : 1)} ms`

/** In seconds: `0.00001912` → `19.1 µs`. */
export const microseconds = (value: number): string => `${(value * 1e6).toFixed(1)} µs`

/** A number a second: `20234.6` → `20,235 /s`. */
export const perSecond = (value: number): string => `${grouped(value)} /s`

/** `1.019` → `1.02`, `43.21` → `43.2`. */
export const times = (value: number): string => value.toFixed(value < 10 ? 2 : 1)

/** Bytes → `14 MB`, in millions of bytes. */
export const megabytes = (bytes: number): string => `${grouped(bytes / 1e6)} MB`

/** Bytes → `23.5 GiB`. */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
