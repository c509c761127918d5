import type { Member, MemberRole } from '@parley/client'
import type { UseChat } from '@parley/react'
import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { attempt } from '../lib/notices.tsx'
import { Avatar, OnlineDot } from '../ui/avatar.tsx'
import { Confirm, type Question } from '../ui/confirm.tsx'
import { Select } from '../ui/select.tsx'

const ROLES = {
  OWNER: 'Owner',
  ADMIN: 'Admin',
  MEMBER: 'Member',
} as const satisfies Record<MemberRole, string>
const RANKS = { OWNER: 2, ADMIN: 1, MEMBER: 0 } as const satisfies Record<MemberRole, number>

type Props = Readonly<{ chat: UseChat; viewerId: string | undefined; role: MemberRole | undefined }>

/** The members of a group with their roles, the highest first. */
export function Members({ chat, viewerId, role }: Props): ReactNode {
  const [question, setQuestion] = useState<Question>()
  const members = chat.members.toSorted(
    (a, b) => RANKS[b.role] - RANKS[a.role] || a.user.name.localeCompare(b.user.name),
  )
  return (
    <section aria-label="Members">
      <h3 className="details-heading">{chat.memberCount} members</h3>
      <ul className="people">
        {members.map((member) => (
          <MemberRow
            key={member.user.id}
            chat={chat}
            member={member}
            viewerId={viewerId}
            role={role}
            ask={setQuestion}
          />
        ))}
      </ul>
      <Confirm question={question} onClose={() => setQuestion(undefined)} />
    </section>
  )
}

type RowProps = Readonly<{ member: Member; ask(question: Question): void }>

function MemberRow({ chat, member, viewerId, role, ask }: Props & RowProps): ReactNode {
  const { user } = member
  const isViewer = user.id === viewerId
  const canRemove = !isViewer && chat.isMember && role !== undefined && RANKS[role] > RANKS[member.role]
  return (
    <li className="person">
      <Avatar id={user.id} name={user.name} pictureUrl={user.avatarUrl} size="small">
        {!isViewer && chat.isMember && <OnlineDot userId={user.id} />}
      </Avatar>
      <span className="person-name">
        <bdi>{isViewer ? `${user.name} (you)` : user.name}</bdi>
      </span>
      {role === 'OWNER' && canRemove ? (
        <RoleSelect chat={chat} member={member} ask={ask} />
      ) : (
        <span className="person-role">{ROLES[member.role]}</span>
      )}
      {canRemove && (
        <Button
          className="link-button person-remove"
          aria-label={`Remove ${user.name}`}
          onPress={() =>
            ask({
              title: `Remove ${user.name}?`,
              text: 'They receive no more messages of this group. You can add them again.',
              confirm: 'Remove',
              onConfirm: () => attempt(chat.removeMember(user.id)),
            })
          }
        >
          Remove
        </Button>
      )}
    </li>
  )
}

function RoleSelect({ chat, member, ask }: Pick<Props, 'chat'> & RowProps): ReactNode {
  const { user } = member
  function change(role: MemberRole): void {
    const onConfirm = (): void => attempt(chat.setRole(user.id, role))
    if (role !== 'OWNER') return onConfirm()
    ask({
      title: `Make ${user.name} an owner?`,
      text: 'Owners have every right in the group. You cannot take the role back.',
      confirm: 'Make owner',
      onConfirm,
    })
  }
  return (
    <Select
      className="role-select"
      aria-label={`Role of ${user.name}`}
      value={member.role}
      onChange={(event) => change(event.target.value as MemberRole)}
    >
      {Object.entries(ROLES).map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </Select>
  )
}
