namespace MessagePackTests;

[MessagePackObject]
public sealed class Box
{
    [Key("inner")]
    public Box? Inner { get; set; }

    [IgnoreMember]
    public int Depth
    {
        get
        {
            int depth = 1;
            for (Box? box = Inner; box is not null; box = box.Inner)
                depth++;
            return depth;
        }
    }

    public static Box Nested(int depth)
    {
        Box box = new();
        for (int i = 1; i < depth; i++)
            box = new Box { Inner = box };
        return box;
    }
}
