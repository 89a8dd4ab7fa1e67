import type { App } from '../../http/app.js'
import { operation } from '../../http/operation/operation.js'
import { importAnswer, importAnswers } from './answer.js'
import type { ImportDependencies } from './dependencies.js'
import { findVisible } from './find.js'

const schema = operation({
  id: 'getImport',
  tag: 'Imports',
  summary: 'Answers an import.',
  ids: { id: 'import' },
  answers: importAnswers,
  errors: [400, 404],
})

/** `GET /imports/{id}` */
export function getRoute(app: App, { poolOf }: ImportDependencies): void {
  app.get('/imports/:id', { schema }, async ({ caller, params }) => {
    const found = await findVisible(poolOf(caller), caller, params.id)
    return { data: importAnswer(caller, found) }
  })
}
