import { getOwn, getOwnObject, getOwnString } from './event-value.ts'

/** AWS services that call a function by themselves, so that no client's connection is behind the event. */
export type ServiceSource =
  | 'sqs'
  | 'sns'
  | 'kinesis'
  | 'dynamodb-stream'
  | 's3'
  | 'eventbridge'
  | 'firehose'
  | 'kafka'
  | 'mq'
  | 'cognito'
  | 'service'

/** `eventSource` of a record, or of the whole event. */
const names: { readonly [eventSource: string]: ServiceSource } = {
  'aws:sqs': 'sqs',
  'aws:sns': 'sns',
  'aws:kinesis': 'kinesis',
  'aws:dynamodb': 'dynamodb-stream',
  'aws:s3': 's3',
  'aws:ses': 'service',
  'aws:codecommit': 'service',
  'aws:kafka': 'kafka',
  SelfManagedKafka: 'kafka',
  'aws:SelfManagedKafka': 'kafka',
  'aws:mq': 'mq',
  'aws:amq': 'mq',
  'aws:rmq': 'mq',
}

const named = (eventSource: string | undefined): ServiceSource | undefined =>
  eventSource !== undefined && Object.hasOwn(names, eventSource) ? names[eventSource] : undefined

type Event = Record<string, unknown>

/** What tells the services without records apart: members that are texts, and what else must hold. */
const shapes: readonly (readonly [
  ServiceSource,
  texts: readonly string[],
  also?: (event: Event) => unknown,
])[] = [
  // Firehose transformations and those of Kinesis Analytics.
  ['firehose', ['invocationId'], (event) => getOwnString(event, 'records', '0', 'recordId') !== undefined],
  ['eventbridge', ['detail-type', 'source'], (event) => getOwnObject(event, 'detail')],
  ['cognito', ['triggerSource', 'userPoolId']],
  ['cognito', ['identityPoolId', 'identityId', 'datasetName']],
  ['service', [], (event) => getOwnString(event, 'awslogs', 'data') !== undefined],
  ['service', ['alarmArn'], (event) => getOwnString(event, 'source') === 'aws.cloudwatch'],
  ['service', ['RequestType', 'StackId', 'ResponseURL']],
  ['service', [], (event) => getOwnObject(event, 'CodePipeline.job')],
  ['service', ['DeploymentId', 'LifecycleEventHookExecutionId']],
  ['service', ['invokingEvent', 'configRuleArn']],
  ['service', ['invocationSchemaVersion'], (event) => Array.isArray(getOwn(event, 'tasks'))],
  ['service', ['SecretId', 'ClientRequestToken', 'Step']],
]

/** The AWS service that an event without `requestContext` comes from, if it is one that is known. */
export const serviceSource = (event: Event): ServiceSource | undefined => {
  const records = getOwn(event, 'Records')
  if (Array.isArray(records)) {
    const [first] = records
    // SNS writes it with a capital.
    return named(getOwnString(first, 'eventSource') ?? getOwnString(first, 'EventSource'))
  }
  return (
    named(getOwnString(event, 'eventSource')) ??
    shapes.find(
      ([, texts, also = () => true]) =>
        texts.every((name) => getOwnString(event, name) !== undefined) && also(event),
    )?.[0]
  )
}
