import type { RequestBody } from '../../../http/body/request-body.js'
import { validationError } from '../../../http/errors.js'
import type { Problem } from '../../../schema/problem.js'
import { excerpt } from '../../../text/text.js'
import { headerFileName } from './file-name.js'
import { checkLength, type Handlers, type ImportBody, withLimit } from './import-body.js'
import { isOptionName, OPTION_NAMES, type OptionName, readOptions, takes } from './options.js'

/**
 * Reads a file that is the whole body, streaming; the options are parameters of the query.
 *
 * @throws HttpError 400, 413; ClientGone; and what the handlers throw. No received file is left then.
 */
export async function readImportFile<File>(
  body: RequestBody,
  query: Readonly<Record<string, unknown>>,
  maxFileBytes: number,
  handlers: Handlers<File>,
): Promise<ImportBody<File>> {
  checkLength(body, maxFileBytes)
  const problems: Problem[] = []
  const options = readOptions(optionsOf(query, problems), problems)
  if (problems.length > 0) throw validationError('', problems)
  await handlers.check(options)
  const file = await handlers.receive(withLimit(body, maxFileBytes))
  return { file, fileName: headerFileName(body.headers['content-disposition']), options }
}

function optionsOf(query: Readonly<Record<string, unknown>>, problems: Problem[]): Map<OptionName, string> {
  const given = new Map<OptionName, string>()
  for (const [name, value] of Object.entries(query)) {
    if (!isOptionName(name))
      problems.push({
        code: 'unknown_parameter',
        field: excerpt(name),
        error: `is not a parameter of this request; ${takes(OPTION_NAMES)}`,
      })
    else if (value === '' && name !== 'external_ref') {
      problems.push({ code: 'too_short', field: name, error: `"${name}" must not be empty` })
    } else if (typeof value === 'string') given.set(name, value)
    else problems.push({ code: 'too_many', field: name, error: `"${name}" must be given once` })
  }
  return given
}
