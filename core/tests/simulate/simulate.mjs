// Puts decision cases, one JSON object a line on standard input, to @cloud-copilot/iam-simulate, and answers one line
// each: {"name", "verdict", "ignored"} with allow, explicit_deny or implicit_deny and the context keys it left out, or
// {"name", "error"}.

import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const VERDICTS = { Allowed: 'allow', ExplicitlyDenied: 'explicit_deny', ImplicitlyDenied: 'implicit_deny' }

const named = (policies) => policies.map((policy, at) => ({ name: `policy-${at}`, policy }))

const simulation = (one) => ({
  request: {
    principal: one.principal === 'anonymous' ? anonymousPrincipal : one.principal.arn,
    action: one.action,
    resource: { resource: one.resource === 'arn:aws:s3:::' ? '*' : one.resource, accountId: one.bucket_owner_account },
    contextVariables: one.context
  },
  identityPolicies: named(one.identity_policies),
  permissionBoundaryPolicies: one.permission_boundary ? named([one.permission_boundary]) : undefined,
  sessionPolicy: one.session_policy ?? undefined,
  resourcePolicy: one.bucket_policy ?? undefined,
  // They bind callers of an account; the simulator takes none for others.
  serviceControlPolicies: one.principal.account
    ? one.service_control_policies.map((level, at) => ({ orgIdentifier: `o-${at}`, policies: named(level) }))
    : [],
  resourceControlPolicies: one.resource_control_policies.length
    ? [{ orgIdentifier: 'o-case', policies: named(one.resource_control_policies) }]
    : [],
  additionalSettings: { s3: { bucketAbacEnabled: true, blockPublicAccess: false } }
})

for await (const line of createInterface({ input: process.stdin })) {
  const one = JSON.parse(line)
  let answer
  try {
    const result = await runSimulation(simulation(one), {})
    const verdict = VERDICTS[result.overallResult]
    const ignored = result.result?.ignoredContextKeys ?? []
    answer = verdict ? { verdict, ignored } : { error: JSON.stringify(result.errors ?? result.overallResult) }
  } catch (error) {
    answer = { error: String(error) }
  }
  console.log(JSON.stringify({ name: one.name, ...answer }))
}
