import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasSwift } from '../support/swift.js'
import { expectToWorkTogether, startSurroundings, statusOf } from './over-s3.js'
import { imageEnvironment, imageOf, readYaml, UNDERSTOOD } from './settings.js'

const documents = await readYaml('kubernetes.yaml')
const named = (kind: string, name = 'intake') =>
  documents.find((each) => each.kind === kind && each.metadata.name === name)
const image = await imageEnvironment()
const variables: Record<string, string> = named('ConfigMap').data

const deployments = ['api', 'worker'].map((role) => {
  const { spec } = named('Deployment', `intake-${role}`)
  const [container] = spec.template.spec.containers
  return { role, spec, pod: spec.template.spec, labels: spec.template.metadata.labels, container }
})

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe']

describe('The manifests', () => {
  test('are of the kinds that are promised', () => {
    expect(documents.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ['v1', 'ConfigMap', 'intake'],
      ['apps/v1', 'Deployment', 'intake-api'],
      ['apps/v1', 'Deployment', 'intake-worker'],
      ['v1', 'Service', 'intake'],
      ['policy/v1', 'PodDisruptionBudget', 'intake-api'],
      ['policy/v1', 'PodDisruptionBudget', 'intake-worker'],
    ])
  })

  test('set only variables that intake understands, as texts, and no secret', () => {
    expect(Object.keys(variables).filter((name) => !UNDERSTOOD.includes(name))).toEqual([])
    expect(Object.values(variables).filter((value) => typeof value !== 'string')).toEqual([])
    expect(Object.keys(variables).filter((name) => /KEY|SECRET|DATABASE/.test(name))).toEqual([])
  })

  test.each(deployments)('select the pods of the $role, and of nothing else', ({ role, spec, labels }) => {
    expect(labels['app.kubernetes.io/component']).toBe(role)
    expect(spec.selector.matchLabels).toEqual(labels)
    expect(named('PodDisruptionBudget', `intake-${role}`).spec.selector.matchLabels).toEqual(labels)
    expect(spec.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual(labels)
    if (role === 'api') expect(named('Service').spec.selector).toEqual(labels)
  })

  test.each(deployments)('name the ports of the $role as the image has them', ({ container }) => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(image.PORT) }])
    expect(image.HOST).toBe('0.0.0.0')
    for (const probe of PROBES) expect(container[probe].httpGet.port).toBe('http')
    expect(named('Service').spec.ports[0].targetPort).toBe('http')
  })

  test.each(deployments)(
    'run the $role as the ordinary user of the image, on a volume of its own',
    async ({ pod, container }) => {
      expect((await imageOf()).find(({ name }) => name === 'USER')?.value).toBe('node')
      // The user `node` of Node's images.
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 })
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true)
      const [{ name, mountPath }] = container.volumeMounts
      expect(pod.volumes).toEqual([{ name, emptyDir: {} }])
      // Within it: a volume belongs to root, and intake refuses the data directory of another user.
      expect(variables.DATA_DIR).toMatch(new RegExp(`^${mountPath}/\\w+$`))
    },
  )

  test.each(deployments)('give the $role more time than a drain takes', ({ pod, container }) => {
    const [, seconds = 0] = container.lifecycle?.preStop.exec.command ?? []
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 9)
  })

  test('let both deployments differ in what they do, and in nothing else', () => {
    const [api, worker] = deployments.map(({ container: { args, lifecycle: _, ...rest } }) => ({
      args,
      rest,
    }))
    expect(api?.rest).toEqual(worker?.rest)
    expect([api?.args, worker?.args]).toEqual([
      ['intake', 'serve', '--api-only'],
      ['intake', 'serve', '--worker-only'],
    ])
  })

  describe.skipIf(!hasSwift)('with an S3 server', () => {
    let surroundings: Awaited<ReturnType<typeof startSurroundings>>
    beforeAll(async () => {
      surroundings = await startSurroundings()
    })
    afterAll(() => surroundings.stop())

    test('start two pods of each kind at once, which pass their probes and work together', async () => {
      const { swift, elsewhere } = surroundings
      const UPLOAD_STORE = `${(await swift.bucket()).url}/uploads`
      const pods = await Promise.all(
        [...deployments, ...deployments].map(async ({ container }) => ({
          container,
          url: await surroundings.start({
            command: container.args,
            environment: { ...image, ...variables, UPLOAD_STORE },
          }),
        })),
      )
      for (const { url, container } of pods) {
        for (const probe of PROBES) {
          await expect.poll(() => statusOf(url, container[probe].httpGet.path)).toBe(200)
        }
      }
      await expectToWorkTogether(String(pods[0]?.url), String(elsewhere.API_KEY))
    })
  })
})
