/**
 * Where the rows of each table are on a distributed PostgreSQL (docs/decisions/0059). A new table is added to
 * one of the two lists; a test fails until it is.
 */

/**
 * Distributed by `owner_id`, which leads their keys, and co-located: the rows of an owner are on one node, in
 * all of these tables. The first one is distributed first and the others follow it, so it tells whether a
 * database is distributed.
 */
export const DISTRIBUTED = [
  'products',
  'plans',
  'features',
  'subscribers',
  'offerings',
  'offering_products',
  'offering_plans',
  'offering_features',
  'subscriptions',
  'subscription_products',
  'subscription_plans',
  'subscription_states',
  'import_errors',
  'import_error_kinds',
  'import_warnings',
  'import_changes',
  'import_kept',
  'totals',
] as const

/**
 * Tables of the coordinator alone: those whose rows are claimed across owners, or have keys or foreign keys
 * without an owner.
 */
export const LOCAL = [
  'intake_migrations',
  'owners',
  'credentials',
  'access_tokens',
  'sessions',
  'rate_limits',
  'imports',
  'import_counts',
  'webhooks',
  'webhook_deliveries',
] as const

/** What the distributed tables are distributed by. */
export const DISTRIBUTION_COLUMN = 'owner_id'

/** How many shards each table gets unless somebody asks for another number. */
export const DEFAULT_SHARDS = 32
