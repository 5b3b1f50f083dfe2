-- What people who signed up from :starts_at on, before :ends_at, said when they were asked, beside
-- the first touch's part; no answer: null. Of several answers of a person the latest holds, ties by
-- the answer. An empty :question stands for all.
-- grain: person_id    day: signed_up_at
with owned as (
    select
        coalesce(
            u.person_id, a.user_id, v.person_id,
            case when a.visitor_id is not null then concat(a.visitor_id, '@', a.app) end
        ) as person_id,
        a.answered_at, a.answer
    from survey_answers as a
    left join users as u on a.user_id = u.user_id
    left join persons as v
        on a.visitor_key = v.visitor_key and a.user_id is null
        and a.answered_at >= v.since and a.answered_at < v.until
    where :question = '' or a.question = :question
),

ranked as (
    select
        person_id, answer,
        row_number() over (partition by person_id order by answered_at desc, answer) as ordinal
    from owned
)

select s.person_id, s.part, r.answer
from signup_parts as s
left join ranked as r on s.person_id = r.person_id and r.ordinal = 1
where s.signed_up_at >= :starts_at and s.signed_up_at < :ends_at
