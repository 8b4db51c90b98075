namespace Talker.Accounts;

/// <summary>Somebody who may come in: one file in the data directory.</summary>
internal sealed class Account
{
    public required string Name { get; init; }

    public required PasswordHash Password { get; set; }

    public bool IsAdmin { get; set; }

    public DateTime CreatedAt { get; init; }

    public IReadOnlyList<string> Description { get; set; } = [];
}
