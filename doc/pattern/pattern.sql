--
-- doc/pattern/pattern.c
--

CREATE FUNCTION solved_at_once_transfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION solved_at_once_transfn(bigint[], integer) IS 'aggregate transition function';
CREATE FUNCTION solved_at_once_invfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION solved_at_once_invfn(bigint[], integer) IS 'aggregate inverse transition function';
CREATE FUNCTION solved_at_once_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION solved_at_once_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE solved_at_once(contacts integer) (
    SFUNC = solved_at_once_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = solved_at_once_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0}',
    MSFUNC = solved_at_once_transfn,
    MINVFUNC = solved_at_once_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = solved_at_once_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE solved_at_once(integer) IS 'share (fraction) of the cases that took a single contact; NULL numbers are ignored, NULL without cases, e.g. SELECT solved_at_once(contacts) FROM cases';
