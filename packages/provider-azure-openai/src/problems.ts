import type { ProviderConf } from '@sluice/provider'

/** What a configuration of Azure's lacks, or says twice. */
export function problems({ conf, endpoint }: { conf: ProviderConf; endpoint: string | undefined }): readonly string[] {
  const { resource, deployment, api_version: version } = conf
  const found: string[] = []
  const add = (is: boolean, problem: string): void => void (is && found.push(`azure-openai${problem}`))
  const isMeant = deployment !== undefined || version !== undefined
  add(!endpoint && resource === undefined, ` requires ${isMeant ? 'provider_conf.resource or ' : ''}override.endpoint`)
  add(!!endpoint && resource !== undefined, ': provider_conf.resource names no host beside override.endpoint: leave one of them out')
  add(isMeant && hasPath(endpoint), ': provider_conf.deployment and api_version build the path, and override.endpoint has one: leave it out there')
  add(resource !== undefined && !isResource(resource), ': provider_conf.resource is not the name of a resource, such as my-resource')
  add(deployment !== undefined && !isDeployment(deployment), ': provider_conf.deployment is not the name of a deployment, such as gpt-4o')
  add(version !== undefined && !isVersion(version), ': provider_conf.api_version is not a version, such as 2024-10-21 or 2025-04-01-preview')
  return found
}

/** Becomes a segment of the path, where anything else might lead out of its place. */
export function isDeployment(name: string): boolean {
  return /^[A-Za-z0-9](?:[\w.-]{0,126}\w)?$/.test(name)
}

/** Becomes part of a host name, where anything else would send the credentials elsewhere. */
export function isResource(name: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)
}

function isVersion(version: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:-[a-z]+)?$/.test(version)
}

function hasPath(endpoint: string | undefined): boolean {
  return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).pathname !== '/'
}
