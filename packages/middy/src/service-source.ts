import { own, ownObject, ownText } from './own.ts'

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
  ['firehose', ['invocationId'], (event) => ownText(event, 'records', '0', 'recordId') !== undefined],
  ['eventbridge', ['detail-type', 'source'], (event) => ownObject(event, 'detail')],
  ['cognito', ['triggerSource', 'userPoolId']],
  ['cognito', ['identityPoolId', 'identityId', 'datasetName']],
  ['service', [], (event) => ownText(event, 'awslogs', 'data') !== undefined],
  ['service', ['alarmArn'], (event) => ownText(event, 'source') === 'aws.cloudwatch'],
  ['service', ['RequestType', 'StackId', 'ResponseURL']],
  ['service', [], (event) => ownObject(event, 'CodePipeline.job')],
  ['service', ['DeploymentId', 'LifecycleEventHookExecutionId']],
  ['service', ['invokingEvent', 'configRuleArn']],
  ['service', ['invocationSchemaVersion'], (event) => Array.isArray(own(event, 'tasks'))],
  ['service', ['SecretId', 'ClientRequestToken', 'Step']],
]

/** The AWS service that an event without `requestContext` comes from, if it is one that is known. */
export const serviceSource = (event: Event): ServiceSource | undefined => {
  const records = own(event, 'Records')
  if (Array.isArray(records)) {
    const [first] = records
    // SNS writes it with a capital.
    return named(ownText(first, 'eventSource') ?? ownText(first, 'EventSource'))
  }
  return (
    named(ownText(event, 'eventSource')) ??
    shapes.find(
      ([, texts, also = () => true]) =>
        texts.every((name) => ownText(event, name) !== undefined) && also(event),
    )?.[0]
  )
}
