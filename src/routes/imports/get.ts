import type { FastifyInstance } from 'fastify'
import { operation } from '../../http/operation.js'
import { readId } from '../../http/urls.js'
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
export function getRoute(app: FastifyInstance, { poolOf }: ImportDependencies): void {
  app.get('/imports/:id', { schema }, async ({ caller, params }) => {
    const found = await findVisible(poolOf(caller), caller, readId(params))
    return { data: importAnswer(caller, found) }
  })
}
