namespace Talker.Accounts;

/// <summary>The accounts on disk, a file each. Thread-safe.</summary>
internal sealed class AccountStore(string directory)
{
    private const int ShortestName = 2, LongestName = 16;
    private readonly Lock _gate = new();

    /// <summary>
    /// A name as it is written, or null if it is none. Latin letters only: it becomes a file's name, and nobody can pass for
    /// somebody else by a letter that looks the same.
    /// </summary>
    public static string? NameOf(string typed) =>
        typed.Length is >= ShortestName and <= LongestName && typed.All(char.IsAsciiLetter)
            ? char.ToUpperInvariant(typed[0]) + typed[1..].ToLowerInvariant()
            : null;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public Account? Find(string name) => DataFile.Read(PathOf(name), FilesJson.Default.Account);

    /// <summary>Makes an account; the first of all is the admin's.</summary>
    /// <returns>Null when somebody else has taken the name in the meantime.</returns>
    public Account? Create(string name, PasswordHash password)
    {
        lock (_gate)
        {
            if (File.Exists(PathOf(name)))
                return null;
            bool isFirst = !Directory.Exists(directory) || !Directory.EnumerateFiles(directory, "*.json").Any();
            Account account = new() { Name = name, Password = password, IsAdmin = isFirst, CreatedAt = DateTime.UtcNow };
            Save(account);
            return account;
        }
    }

    public void Save(Account account)
    {
        lock (_gate)
            DataFile.Write(PathOf(account.Name), account, FilesJson.Default.Account);
    }

    private string PathOf(string name) => Path.Combine(directory, name.ToLowerInvariant() + ".json");
}
