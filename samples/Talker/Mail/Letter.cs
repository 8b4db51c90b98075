namespace Talker.Mail;

/// <summary>A piece of mail.</summary>
internal sealed record Letter(string From, DateTime SentAt, IReadOnlyList<string> Lines);
