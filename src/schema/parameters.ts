import type { Static, TObject, TSchema } from 'typebox'
import { compile } from './compile.js'
import type { Problem } from './problem.js'
import { parameterPredicate } from './sentences.js'

/** What was given for a parameter: a text; several, where it was given more than once. */
type Given = string | string[]

interface Read<Schema extends TObject> {
  /** Of their declared types where there are no problems. */
  readonly values: Static<Schema>
  readonly problems: readonly Problem[]
}

/**
 * Compiles the schema of a path's or a query's parameters into what reads them: texts become the numbers and lists that
 * the schema declares, and ids are in lower case. Parameters that the schema does not name are left as they are.
 */
export function compileParameters<Schema extends TObject>(
  schema: Schema,
): (given: Readonly<Record<string, Given>>) => Read<Schema> {
  const problemsOf = compile(schema, parameterPredicate)
  const readers = Object.entries(schema.properties).map(([name, of]) => [name, readerOf(of)] as const)
  return (given) => {
    const values: Record<string, unknown> = { ...given }
    for (const [name, read] of readers) {
      const value = given[name]
      if (value !== undefined) values[name] = read(value)
    }
    return { values: values as Static<Schema>, problems: problemsOf(values) }
  }
}

function readerOf(schema: TSchema & { type?: string; format?: string }): (given: Given) => unknown {
  if (schema.type === 'array') return (given) => [given].flat()
  if (schema.type === 'integer') return wholeNumber
  // What is given several times is one list, as a header is (RFC 9110, 5.3).
  if (schema.format === 'uuid') return (given) => String(given).toLowerCase()
  return String
}

/** The number that a text is in digits, if it is an exact one; else what was given, which is none. */
function wholeNumber(given: Given): number | Given {
  const number = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
  return Number.isSafeInteger(number) ? number : given
}
