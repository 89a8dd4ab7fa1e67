import type { Static, TObject, TSchema } from 'typebox'
import { compile } from './compile.js'
import type { Problem } from './problem.js'
import { parameterPredicate } from './sentences.js'

/** What was given for a parameter: a text, or several if it was repeated. */
type Given = string | string[]

interface Read<Schema extends TObject> {
  /** The values, of their declared types if there are no problems. */
  readonly values: Static<Schema>
  readonly problems: readonly Problem[]
}

/**
 * Compiles the schema of a path's or a query's parameters into what reads them: texts become the numbers and
 * lists that the schema declares, and ids are in lower case. Parameters that the schema does not name are
 * left as they are.
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
  // A repeated parameter is one list, like a header (RFC 9110, 5.3).
  if (schema.format === 'uuid') return (given) => String(given).toLowerCase()
  return String
}

/** The number written as digits, if it is exact; else the text itself, which is not a number. */
function wholeNumber(given: Given): number | Given {
  const number = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
  return Number.isSafeInteger(number) ? number : given
}
