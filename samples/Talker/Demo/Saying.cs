namespace Talker.Demo;

/// <summary>The ways to say something.</summary>
internal enum Saying
{
    Say,
    Emote,
    Shout,
    Tell,
}
