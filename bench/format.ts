/** Numbers as people read them, in the same way on every machine. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `1234567` → `1,234,567`. Rounded to a whole number. */
export const grouped = (value: number): string => whole.format(value)

/** `0.7312` → `0.73 s`, `31.249` → `31.2 s`. */
export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`

/** In seconds: `0.001342` → `1.34 ms`, `0.0312` → `31.2 ms`. */
export const milliseconds = (value: number): string => `${(value * 1000).toFixed(value < 0.01 ? 2 : 1)} ms`

/** Bytes → `14 MB`, in millions of bytes, as files are sold. */
export const megabytes = (bytes: number): string => `${grouped(bytes / 1e6)} MB`

/** Bytes → `164 MiB`, as memory is. */
export const mebibytes = (bytes: number): string => `${grouped(bytes / 2 ** 20)} MiB`

/** Bytes → `23.5 GiB`. */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
