namespace MessagePackTests;

/// <summary>The same in the next version: members added, removed and renamed.</summary>
public static class NewVersion
{
    [MessagePackObject]
    public sealed class Player
    {
        [Key("name")]
        public string? Name { get; set; }

        [Key("room")]
        public string Room { get; set; } = "hall";

        [Key("level")]
        public int Level { get; set; }

        [Key("friends")]
        public List<string> Friends { get; set; } = ["everyone"];

        [Key("mail")]
        public List<Letter> Mail { get; set; } = [];
    }

    [MessagePackObject]
    public sealed class Letter
    {
        [Key("from")]
        public string? From { get; set; }
    }

    [MessagePackObject]
    public sealed class Account
    {
        [Key(0)]
        public string? Name { get; set; }

        // 1 was the motto

        [Key(2)]
        public int Visits { get; set; }

        [Key(3)]
        public int Age { get; set; } = 7;
    }
}
