import { aFeature } from '../../support/builders.js'
import { integerRules, textRules } from './kinds.js'
import { type Complaint, type Rule, required, rule, show, written } from './rule.js'

const configured = (title: string, configuration: unknown, ...problems: Complaint[]): Rule =>
  rule(title, aFeature({ configuration }), ...problems)

const FORMS = 'access, promotion, usage'
const notTag = 'must be 1 to 64 of the characters 0-9, A-Z, a-z, _ and -'
const usage = { type: 'usage', tag: 'minutes', label: 'Minutes', default_value: 60 }

export const features: Rule[] = [
  ...textRules(aFeature, 'name', { min: 3, max: 1024 }),
  ...textRules(aFeature, 'description', { min: 0, max: 1024 }),
  ...textRules(aFeature, 'external_ref', { min: 0, max: 2048 }),
  ...integerRules('configuration.default_value', undefined, false, (title, json, ...problems) =>
    written(
      title,
      aFeature({ configuration: undefined }),
      `"configuration":{"type":"usage","tag":"minutes","label":"Minutes","default_value":${json}}`,
      ...problems,
    ),
  ),
  rule('configuration is required', aFeature({ configuration: undefined }), required('configuration')),
  configured('configuration may not be a text', 'access', [
    'configuration',
    'configuration must be an object',
  ]),
  configured('configuration may not be a list', [], ['configuration', 'configuration must be an object']),
  configured('configuration needs a type', { tag: 'library' }, required('configuration.type')),
  ...['', 'Access', 'constructor', 1, null, []].map((type) =>
    configured(`the type of a configuration may not be ${show(type)}`, { type, tag: 'library' }, [
      'configuration.type',
      `configuration.type must be one of ${FORMS}`,
    ]),
  ),
  configured('configuration may be access', { type: 'access', tag: 'x'.repeat(64) }),
  configured('configuration may have what nobody reads', { type: 'access', tag: 'a', color: 'b\0' }),
  configured('access needs a tag', { type: 'access' }, required('configuration.tag')),
  ...['', 'x'.repeat(65), 'a b', 'ä', 'a\n'].map((tag) =>
    configured(`a tag may not be ${show(tag)}`, { type: 'access', tag }, [
      'configuration.tag',
      `configuration.tag ${notTag}`,
    ]),
  ),
  configured('configuration may be usage', usage),
  configured(
    'usage needs a tag, a label and a default_value',
    { type: 'usage' },
    ...['tag', 'label', 'default_value'].map((name) => required(`configuration.${name}`)),
  ),
  configured('a label may not have U+0000', { ...usage, label: 'abc\0' }, [
    'configuration.label',
    'configuration.label must not contain U+0000 or an unpaired surrogate',
  ]),
  configured('configuration may be promotion', {
    type: 'promotion',
    promotions: [
      { name: 'Half price', tag: 'half', promotion_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f' },
      { name: 'Free', tag: 'free', promotion_id: null },
    ],
  }),
  configured(
    'a promotion configuration needs promotions',
    { type: 'promotion' },
    required('configuration.promotions'),
  ),
  configured('promotions may not be empty', { type: 'promotion', promotions: [] }, [
    'configuration.promotions',
    'configuration.promotions must have at least 1 element',
  ]),
  configured(
    'promotions may not be more than 1,000',
    { type: 'promotion', promotions: Array(1001).fill({}) },
    ['configuration.promotions', 'configuration.promotions must not have more than 1000 elements'],
  ),
  configured(
    'what is wrong with a promotion is told with its place',
    { type: 'promotion', promotions: [{ name: 'Free', tag: 'free' }, { name: 'ab', promotion_id: 'x' }, 1] },
    ['configuration.promotions[1].name', 'configuration.promotions[1].name must be at least 3 characters'],
    required('configuration.promotions[1].tag'),
    ['configuration.promotions[1].promotion_id', 'configuration.promotions[1].promotion_id must be a UUID'],
    ['configuration.promotions[2]', 'configuration.promotions[2] must be an object'],
  ),
  {
    ...rule('every attribute that is missing is named', aFeature()),
    attributes: '{}',
    problems: ['name', 'configuration'].map(required),
  },
]
